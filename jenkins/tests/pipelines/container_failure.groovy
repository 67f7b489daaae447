// A step that fails inside, and images that cannot be started.
@Library('seatrial') _

node {
  catchError(buildResult: 'SUCCESS') {
    withContainer(image: 'no-such-image:none', engine: env.ENGINE) { error 'the body ran' }
  }
  catchError(buildResult: 'SUCCESS') {
    withContainer(image: 'busybox', engine: env.ENGINE, command: ['/no/such/program']) { error 'the body ran' }
  }
  withContainer(image: 'busybox', engine: env.ENGINE) { sh 'echo inside; exit 3' }
}
