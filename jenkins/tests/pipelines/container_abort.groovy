// Somebody aborts the build while a step is busy inside.
@Library('seatrial') _

node {
  withContainer(image: 'busybox', engine: env.ENGINE) {
    sh 'set +x; echo busy; sleep 600'
  }
}
