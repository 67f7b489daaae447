import org.seatrial.Trial

// Puts engines through the corpus: help is in seatrialConform.txt.
def call(Map options = [:]) {
  Trial trial = new Trial(options)
  List parts = trial.parts()
  Map branches = [:]
  for (each in parts) {
    Map part = each
    branches[part.name] = { onAgent(options) { conform(trial, part, options) } }
  }
  parallel(branches)
  return publish(trial, parts)
}

// Where a shard runs: on an agent of its own when there is a label, else beside the others.
private onAgent(Map options, Closure body) {
  if (!options.label) return body()
  node(options.label) {
    if (options.prepare) options.prepare()
    body()
  }
}

private conform(Trial trial, Map part, Map options) {
  int status = 0
  timeout(time: options.timeout ?: 60, unit: 'MINUTES') {
    status = sh(script: trial.conform(part), returnStatus: true,
                label: "${part.target}, shard ${part.shard}")
  }
  // A failed case is for the merged report to tell. A shard without results fails the build, but
  // not before what the others have found is published.
  if (!fileExists("${part.name}.json")) {
    String why = Trial.sentence(readFile("${part.name}.err"), status)
    part.problem = "${part.target}, shard ${part.shard}: ${why}".toString()
    echo "seatrialConform: ${part.problem}"
    return
  }
  stash(name: stashOf(part), includes: "${part.name}.json")
}

private String stashOf(Map part) { "seatrial-${part.name}" }

private publish(Trial trial, List parts) {
  List files = []
  List problems = []
  for (part in parts) {
    if (part.problem) {
      problems.add(part.problem)
      continue
    }
    dir("${trial.results}/shards") { unstash(stashOf(part)) }
    files.add("${trial.results}/shards/${part.name}.json".toString())
  }
  if (!files) fail(problems.join('; '))
  int status = sh(script: trial.report(files), returnStatus: true, label: 'merge the shards')
  String why = Trial.sentence(readFile("${trial.results}/report.err"), status)
  // Status 2 without any file: the parts did not fit together.
  if (!fileExists("${trial.results}/conform.json")) fail(why)
  // No case, no file; that is told as "nothing ran" below. The verdict is ours to map, not junit's.
  def tests = junit(testResults: "${trial.results}/junit/*.xml", allowEmptyResults: true,
                    skipMarkingBuildUnstable: true)
  publishHTML(target: [reportDir: "${trial.results}/html", reportFiles: 'index.html',
                       reportName: 'Seatrial', keepAll: true, alwaysLinkToLastBuild: true,
                       allowMissing: false])
  archiveArtifacts(artifacts: "${trial.results}/conform.json")
  if (problems) fail(problems.join('; '))
  judge(trial, status, why, tests)
  return status
}

private judge(Trial trial, int status, String why, tests) {
  if (status == 0) return
  if (status != 1) fail(why)
  String sentence = "${why}: ${tests.failCount} of ${tests.totalCount} cases"
  if (trial.onFailure == 'FAILURE') fail(sentence)
  tell(sentence)
  unstable("seatrialConform: ${sentence}")
}

private fail(String sentence) {
  tell(sentence)
  error("seatrialConform: ${sentence}")
}

private tell(String sentence) {
  currentBuild.description = currentBuild.description ?
      "${currentBuild.description}; ${sentence}" : sentence
}
