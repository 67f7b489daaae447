package sim

// Where a step runs: one per branch and nesting. Blocks make a changed copy for their body.
class Context {
  Build build
  Scope scope
  Object branch = new Object()  // whom interruptions are told to
  File workspace                // null outside of node
  File directory
  Map<String, String> environment = [:]  // what withEnv and its kin have added
  String prefix = ''  // before each line of the log
  Stage stage

  private static final ThreadLocal<Context> CURRENT = new ThreadLocal<>()

  static Context current() {
    Context context = CURRENT.get()
    if (context == null) throw new IllegalStateException('no build is running in this thread')
    return context
  }

  Context with(Map<String, Object> changes) {
    Context copy = new Context(build: build, scope: scope, branch: branch, workspace: workspace,
        directory: directory, environment: environment, prefix: prefix, stage: stage)
    changes.each { String name, Object value -> copy."$name" = value }
    return copy
  }

  // Runs `body` with this as its thread's context.
  def run(Closure body) {
    Context before = CURRENT.get()
    CURRENT.set(this)
    try {
      return body.call()
    } finally {
      CURRENT.set(before)
    }
  }

  void log(String line) { build.log(prefix, line) }
  void check() { scope.check(branch) }

  File path(String name) {
    if (directory == null) throw missingNode()
    File file = new File(name)
    return file.absolute ? file : new File(directory, name)
  }

  // What programs see: withEnv outweighs what is assigned to env.
  Map<String, String> effectiveEnvironment() {
    Map<String, String> all = new LinkedHashMap<>(build.environment)
    all.putAll(build.assigned)
    if (workspace != null) all.WORKSPACE = workspace.path
    all.putAll(environment)
    return all
  }

  // Jenkins' own words, which people search for.
  Exception missingNode() {
    new hudson.AbortException('Required context class hudson.FilePath is missing: perhaps you ' +
        'forgot to surround the step with a node block, such as: node')
  }
}
