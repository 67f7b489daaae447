// keepOnFailure leaves the container of a failed body, and no other.
@Library('seatrial') _

node {
  withContainer(image: 'busybox', engine: env.ENGINE, keepOnFailure: true) { sh 'true' }
  sh 'test -z "$($ENGINE ps -aq)"'
  catchError(buildResult: 'UNSTABLE') {
    withContainer(image: 'busybox', engine: env.ENGINE, keepOnFailure: true) { sh 'exit 3' }
  }
  sh 'test "$($ENGINE ps -q --filter label=org.seatrial.jenkins | wc -l)" = 1'
  sh '$ENGINE rm -f $($ENGINE ps -aq)'
}
