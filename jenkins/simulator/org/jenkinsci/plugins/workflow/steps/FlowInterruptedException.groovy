package org.jenkinsci.plugins.workflow.steps

// Under Jenkins' name, so that pipelines which catch it mean this one.
class FlowInterruptedException extends Exception {
  final String result
  final Object origin

  FlowInterruptedException(String result, String cause, Object origin = null) {
    super(cause)
    this.result = result
    this.origin = origin
  }
}
