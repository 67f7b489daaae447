package org.seatrial

import com.cloudbees.groovy.cps.NonCPS

// What seatrialConform was asked for, as command lines, and what exit statuses mean.
class Trial implements Serializable {
  private static final long serialVersionUID = 1L

  static final List OPTIONS = ['targets', 'shards', 'suites', 'filters', 'waivers', 'seatrial',
                               'arguments', 'onFailure', 'results', 'label', 'prepare', 'timeout']

  final List targets
  final int shards
  final List seatrial
  final String onFailure
  final String results
  private final List common = []

  Trial(Map options) {
    Words.check('seatrialConform', options, OPTIONS)
    targets = options.targets ?: ['reference']
    shards = (options.shards ?: 1) as int
    seatrial = Words.list(options.seatrial ?: 'seatrial')
    onFailure = options.onFailure ?: 'UNSTABLE'
    results = options.results ?: 'seatrial-results'
    if (shards < 1) throw new IllegalArgumentException('seatrialConform: shards must be 1 or more')
    if (!(onFailure in ['UNSTABLE', 'FAILURE'])) {
      throw new IllegalArgumentException(
          "seatrialConform: onFailure must be UNSTABLE or FAILURE, not ${onFailure}")
    }
    addEach('--suite', options.suites)
    addEach('--filter', options.filters)
    addEach('--waivers', options.waivers)
    // Cases of other branches run beside these, and the comparison of the whole host before and
    // after would blame one for another's. Each case still looks after what it owns.
    if (targets.size() * shards > 1) common.add('--no-host-check')
    common.addAll(options.arguments ?: [])
  }

  @NonCPS
  private void addEach(String option, values) {
    for (value in (values ?: [])) {
      common.add(option)
      common.add(value)
    }
  }

  // The branches: a name, which is a file's name too, the target and the shard.
  @NonCPS
  List parts() {
    List parts = []
    for (int t = 0; t < targets.size(); t++) {
      for (int shard = 1; shard <= shards; shard++) {
        String name = "${t + 1}-${targets[t].toString().replaceAll('[^A-Za-z0-9.]+', '-')}-${shard}"
        parts.add([name: name, target: targets[t], shard: "${shard}/${shards}".toString()])
      }
    }
    return parts
  }

  // Runs one part; what it complains of is kept in a file, too, for the sentence. Starts like an
  // interpreter's script, so that Jenkins does not trace it.
  @NonCPS
  String conform(Map part) {
    List words = seatrial + ['conform', '--target', part.target, '--shard', part.shard, '--quiet',
                             '--progress', 'never', '--json', "${part.name}.json"] + common
    return kept(words, "${part.name}.err", ["${part.name}.json"])
  }

  @NonCPS
  String report(List files) {
    List words = seatrial + ['report'] + files + ['--json', "${results}/conform.json", '--junit',
                                                  "${results}/junit", '--html', "${results}/html"]
    return kept(words, "${results}/report.err",
                ["${results}/conform.json", "${results}/junit", "${results}/html"])
  }

  @NonCPS
  private static String kept(List words, String file, List products) {
    String complaints = Words.quote(file)
    // What an earlier build left in the workspace must not be taken for this one's.
    return "#!/bin/sh\nrm -rf ${Words.line(products)}\n" + Words.line(words) + " 2>${complaints}\n" +
        "status=\$?\ncat ${complaints} >&2\nexit \$status\n"
  }

  // The program's last own sentence, which says why it gave up.
  @NonCPS
  static String sentence(String complaints, int status) {
    String last = ''
    for (line in complaints.readLines()) {
      if (line.startsWith('seatrial: ')) last = line.substring('seatrial: '.length())
    }
    if (last) return last
    switch (status) {
      case 1: return 'an engine failed a case or something was left on the host'
      case 2: return 'a case broke in the harness, so the run cannot be trusted'
      case 3: return 'nothing ran'
      default: return "seatrial ended with status ${status}"
    }
  }
}
