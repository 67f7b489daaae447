// A timeout around the container, and one inside of it; the build goes on.
@Library('seatrial') _

node {
  catchError(buildResult: 'UNSTABLE') {
    timeout(time: 4, unit: 'SECONDS') {
      withContainer(image: 'busybox', engine: env.ENGINE) { sh 'sleep 600' }
    }
  }
  sh 'test -z "$($ENGINE ps -aq)"'
}
