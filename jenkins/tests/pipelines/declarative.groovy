// What a declarative pipeline may say, each stage with what must come of it.
pipeline {
  agent any
  options {
    timeout(time: 5, unit: 'MINUTES')
  }
  parameters {
    string(name: 'SHIP', defaultValue: 'sloop')
    booleanParam(name: 'LOUD', defaultValue: true)
    choice(name: 'SEA', choices: ['north', 'baltic'])
  }
  environment {
    FIRST = "one-${params.SHIP}"
    SECOND = "${FIRST}-two"
  }
  stages {
    stage('Environment') {
      environment { THIRD = "${env.SECOND}-three" }
      steps {
        sh 'test "$THIRD $SEA $LOUD" = "one-sloop-two-three north true"'
        script {
          env.LATER = sh(script: 'echo later', returnStdout: true).trim()
        }
      }
      post {
        success { echo 'seen: success of a stage' }
        failure { error 'a stage that succeeded has failed' }
      }
    }
    stage('Skipped') {
      when { not { expression { params.LOUD } } }
      steps { error 'this stage must not run' }
    }
    stage('Matrix') {
      when { allOf { branch 'main'; environment name: 'LATER', value: 'later' } }
      matrix {
        axes {
          axis {
            name 'MAST'
            values 'main', 'mizzen'
          }
          axis {
            name 'SAIL'
            values 'square', 'gaff'
          }
        }
        excludes {
          exclude {
            axis {
              name 'MAST'
              values 'main'
            }
            axis {
              name 'SAIL'
              values 'gaff'
            }
          }
        }
        stages {
          stage('Cell') {
            steps { sh 'echo "$MAST $SAIL" > "cell-$MAST-$SAIL"' }
          }
        }
      }
    }
    stage('Cells') {
      steps {
        sh 'test "$(ls cell-* | xargs)" = "cell-main-square cell-mizzen-gaff cell-mizzen-square"'
        stash name: 'cells', includes: 'cell-*', excludes: '*-gaff'
        dir('elsewhere') {
          unstash 'cells'
          sh 'test "$(ls | wc -l)" = 2'
        }
        catchError(buildResult: 'UNSTABLE', stageResult: 'FAILURE') { sh 'exit 3' }
      }
    }
    stage('Timeout') {
      parallel {
        stage('Slow') {
          steps {
            catchError(buildResult: 'SUCCESS', stageResult: 'ABORTED') {
              timeout(time: 300, unit: 'MILLISECONDS') { sh 'sleep 600 & wait' }
            }
            sh 'echo "seen: steps after a timeout run"'
          }
        }
        stage('Quick') {
          steps { sh 'echo quick' }
        }
      }
    }
    stage('Fails') {
      steps { error 'as it was meant to' }
      post { always { sh 'echo "seen: post after a failure"' } }
    }
    stage('Never') {
      steps { error 'a stage after a failed one has run' }
    }
  }
  post {
    always { echo "seen: always with ${currentBuild.currentResult}" }
    failure { echo 'seen: failure' }
    unstable { error 'the result is not unstable' }
    cleanup { deleteDir() }
  }
}
