// A step that fails inside, and images that cannot be started.
@Library('seatrial') _

node {
  catchError(buildResult: 'SUCCESS') {
    withContainer(image: 'no-such-image:none', engine: 'docker') { error 'the body ran' }
  }
  catchError(buildResult: 'SUCCESS') {
    withContainer(image: 'busybox', engine: 'docker', command: ['/no/such/program']) { error 'the body ran' }
  }
  withContainer(image: 'busybox', engine: 'docker') { sh 'echo inside; exit 3' }
}
