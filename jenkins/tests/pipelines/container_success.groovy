// Everything that withContainer offers, each with what must be true inside or outside.
@Library('seatrial') _

node {
  withContainer(image: 'busybox', engine: env.ENGINE,
                args: [env: [LEVEL: 'three words here'], user: '1234:1234', network: 'none',
                       mounts: ['/etc:/host-etc:ro'], extra: ['--hostname', 'aboard']],
                workspace: false) {
    sh 'test "$LEVEL" = "three words here"'
    sh 'test "$(id -u)" = 1234 && test "$(hostname)" = aboard'
    sh 'test -e /host-etc/debian_version && ! touch /host-etc/x 2>/dev/null'
  }
  withContainer(image: 'busybox', engine: [env.ENGINE]) { box ->
    sh 'test "$(readlink /bin/sh)" = busybox && test "$BUILD_TAG" = jenkins-simulated-1'
    sh 'echo "from inside" > made.txt'
    withEnv(['GREETING=ahoy "you"']) {
      dir('sub') { sh 'test "$GREETING" = "ahoy \\"you\\"" && test "${PWD##*/}" = sub' }
    }
    if (sh(script: 'exit 7', returnStatus: true) != 7) error 'the status was lost'
    String out = sh(script: 'echo one; echo two >&2', returnStdout: true)
    if (out != 'one\n') error "the output was $out"
    sh '#!/bin/busybox sh\necho "by its own interpreter, $(tr "\\0" " " < /proc/$$/cmdline)"'
    parallel(left: { sh 'echo left' }, right: { box.sh 'echo right' })
  }
  if (readFile('made.txt') != 'from inside\n') error 'the workspace was not mounted'
  sh '! test -e /host-etc'
  withContainer(image: 'busybox', engine: env.ENGINE, command: ['sh', '-c', 'echo up > /tmp/up; sleep 600']) {
    sh 'until test -e /tmp/up; do sleep 0.1; done'
  }
  echo 'all is as it should be'
}
