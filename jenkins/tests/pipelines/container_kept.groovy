// keepOnFailure leaves the container of a failed body, and no other.
@Library('seatrial') _

node {
  withContainer(image: 'busybox', engine: 'docker', keepOnFailure: true) { sh 'true' }
  sh 'test -z "$(docker ps -aq)"'
  catchError(buildResult: 'UNSTABLE') {
    withContainer(image: 'busybox', engine: 'docker', keepOnFailure: true) { sh 'exit 3' }
  }
  sh 'test "$(docker ps -q --filter label=org.seatrial.jenkins | wc -l)" = 1'
  sh 'docker rm -f $(docker ps -aq)'
}
