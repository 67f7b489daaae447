package org.seatrial

// One disposable container, and the steps that run in it. As delegate of withContainer's body it
// takes sh and withEnv; every other step is the pipeline's own.
class Container implements Serializable {
  private static final long serialVersionUID = 1L

  static final List OPTIONS = ['image', 'args', 'engine', 'command', 'workspace', 'keepOnFailure',
                               'timeout']
  static final List ARGS = ['mounts', 'env', 'user', 'network', 'extra']
  // What Jenkins tells programs; the agent's own PATH and HOME mean nothing inside.
  static final List HANDED_ON = ['BRANCH_NAME', 'BUILD_ID', 'BUILD_NUMBER', 'BUILD_TAG',
                                 'BUILD_URL', 'CHANGE_ID', 'CHANGE_TARGET', 'CI',
                                 'EXECUTOR_NUMBER', 'GIT_BRANCH', 'GIT_COMMIT', 'JOB_BASE_NAME',
                                 'JOB_NAME', 'JOB_URL', 'NODE_NAME', 'STAGE_NAME', 'TAG_NAME',
                                 'WORKSPACE']

  final String name
  final Map options
  private final Map args
  private final List engine
  private final def steps
  private final List handedOn  // names that withEnv around a step inside has set
  private String workspace     // the agent's folder that is mounted, at the same place
  private boolean started = false

  Container(steps, Map options, String name) {
    Words.check('withContainer', options, OPTIONS)
    Words.check('withContainer: args', options.args ?: [:], ARGS)
    if (!options.image) throw new IllegalArgumentException("withContainer: lacks 'image'")
    this.steps = steps
    this.options = options
    this.name = name
    args = options.args ?: [:]
    engine = Words.list(options.engine ?: 'seatrial')
    handedOn = []
  }

  Container(Container outer, List names) {
    steps = outer.steps
    options = outer.options
    name = outer.name
    args = outer.args
    engine = outer.engine
    workspace = outer.workspace
    handedOn = outer.handedOn + names
  }

  void start() {
    if (options.workspace != false) workspace = steps.pwd()
    Map environment = args.env ?: [:]
    List settings = []
    for (key in environment.keySet()) {
      settings.add("${key}=${environment[key]}".toString())
    }
    // Values go through the environment, because everybody may read a command line.
    steps.withEnv(settings) {
      steps.sh(script: script(engine + runWords(environment.keySet() as List), '>/dev/null'),
               label: "start ${options.image}")
    }
    started = true
  }

  private List runWords(List names) {
    List words = ['run', '-d', '--name', name, '--label', 'org.seatrial.jenkins']
    for (mount in (args.mounts ?: [])) {
      words += ['-v', mount]
    }
    if (workspace) words += ['-v', "${workspace}:${workspace}", '-w', workspace]
    for (name in names) {
      words += ['-e', name]
    }
    if (args.user) words += ['-u', args.user]
    if (args.network) words += ['--network', args.network]
    words += args.extra ?: []
    // By default something that only waits, whatever the image would run; the steps come by exec.
    if (options.command == null) return words + ['--entrypoint', 'tail', options.image, '-f', '/dev/null']
    return words + [options.image] + options.command
  }

  def sh(CharSequence script) { sh(script: script) }

  // The pipeline's sh step, whose script runs inside.
  def sh(Map step) {
    String text = step.script.toString()
    List inside = text.startsWith('#!') ? ['sh', '-c', runFromInput()] : ['sh', '-xec', text]
    List words = engine + ['exec'] + (text.startsWith('#!') ? ['-i'] : [])
    if (workspace) words += ['-w', steps.pwd()]
    for (variable in HANDED_ON + handedOn) {
      if (steps.env[variable] != null) words += ['-e', variable]
    }
    Map outside = [:]
    outside.putAll(step)
    outside.script = text.startsWith('#!') ? fed(words + [name] + inside, text)
                                           : script(words + [name] + inside, '')
    return steps.sh(outside)
  }

  // What is set around steps inside is set inside, too.
  def withEnv(List settings, Closure body) {
    List names = []
    for (setting in settings) {
      names.add(setting.toString().tokenize('=')[0])
    }
    return steps.withEnv(settings) { within(body, new Container(this, names)) }
  }

  static within(Closure body, Container container) {
    body.delegate = container
    body.resolveStrategy = Closure.DELEGATE_FIRST
    return body(container)
  }

  // Removes it, whether it runs or not, or was never made. False when it, or whether it is there,
  // withstands: `rm -f` is silent about the one and complains of the other.
  boolean remove() {
    String rm = Words.line(engine + ['rm', '-f', '-v', name]) + ' >/dev/null 2>&1'
    // An engine may still be making it for a client that has been killed.
    String again = started ? '' : "sleep 1\n${rm}\n"
    String list = Words.line(engine + ['ps', '-aq', '--filter', "name=${name}"])
    return steps.sh(script: "#!/bin/sh\n${rm}\n${again}left=\$(${list}) && test -z \"\$left\"\n",
                    returnStatus: true, label: "remove ${options.image}") == 0
  }

  // Jenkins traces scripts that name no interpreter.
  private static String script(List words, String rest) {
    return "#!/bin/sh\n${Words.line(words)} ${rest}\n"
  }

  // A script that names its interpreter must be a file inside: it goes there by standard input.
  private static String runFromInput() {
    return 'file=$(mktemp) || exit; trap \'rm -f "$file"\' EXIT; cat >"$file" && ' +
        'chmod 700 "$file" && "$file" </dev/null'
  }

  private static String fed(List words, String text) {
    return "#!/bin/sh\nprintf %s ${Words.quote(text)} | ${Words.line(words)}\n"
  }
}
