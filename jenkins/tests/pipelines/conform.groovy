// seatrialConform as the environment says: TARGETS, FILTERS, ON_FAILURE.
@Library('seatrial') _

node {
  stage('Conform') {
    int status = seatrialConform(
        seatrial: [env.SEATRIAL], targets: env.TARGETS.tokenize(), filters: env.FILTERS.tokenize(),
        shards: 2, onFailure: env.ON_FAILURE ?: 'UNSTABLE', results: 'out', arguments: ['-j', '1'],
        timeout: 5)
    echo "seatrialConform returned $status"
  }
  stage('After') { echo 'the pipeline goes on' }
}
