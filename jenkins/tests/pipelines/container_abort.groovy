// Somebody aborts the build while a step is busy inside.
@Library('seatrial') _

node {
  withContainer(image: 'busybox', engine: 'docker') {
    sh 'set +x; echo busy; sleep 600'
  }
}
