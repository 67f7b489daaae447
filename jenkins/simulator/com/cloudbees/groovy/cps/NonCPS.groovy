package com.cloudbees.groovy.cps

import java.lang.annotation.Retention
import java.lang.annotation.RetentionPolicy

// Means something to Jenkins alone: nothing is transformed here.
@Retention(RetentionPolicy.RUNTIME)
@interface NonCPS {
}
