// An abort ends what runs in every branch, and leaves finally and post alone.
node {
  try {
    parallel(
        busy: { sh 'set +x; until test -e idle; do sleep 0.05; done; echo now; sleep 600 & wait' },
        waiting: { writeFile(file: 'idle', text: ''); sleep(600) })
  } catch (org.jenkinsci.plugins.workflow.steps.FlowInterruptedException interruption) {
    sh 'echo "seen: caught"'
    throw interruption
  } finally {
    sh 'echo "seen: finally"'
  }
  error 'the build went on'
}
