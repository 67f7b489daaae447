// A section that Declarative does not have is refused before anything runs.
pipeline {
  agent any
  stages {
    stage('One') {
      steps { echo 'the first stage ran' }
    }
    stage('Two') {
      stepz { echo 'x' }
    }
  }
}
