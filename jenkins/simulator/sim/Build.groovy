package sim

// One build: its log, its result, its records, and what its branches share.
class Build {
  static final List<String> WORST_LAST = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'NOT_BUILT', 'ABORTED']

  final File directory  // workspaces, stashes and records
  final Map<String, String> environment
  final Map<String, Object> params
  final Map<String, String> assigned = Collections.synchronizedMap([:])  // env.NAME = 'value'
  final Map<String, Integer> tests = [files: 0, total: 0, failed: 0, skipped: 0]
  final List<Map> stages = Collections.synchronizedList([])
  final Scope scope = new Scope(null)
  final long started = System.currentTimeMillis()
  String abortWhen  // a line of the log that makes somebody press the button
  String schema     // what JUnit files are validated against
  File source       // what `checkout scm` brings
  String result
  String description
  private final Set<String> workspaces = new HashSet<>()

  Build(File directory, Map<String, String> environment, Map<String, Object> params) {
    this.directory = directory.canonicalFile
    this.directory.mkdirs()
    this.environment = environment
    this.params = params
  }

  synchronized void log(String prefix, String line) {
    System.out.println(prefix.isEmpty() ? line : "[$prefix] $line")
    System.out.flush()
    if (line == abortWhen && !scope.interrupted) {
      System.out.println('Aborted by simulated user')
      scope.interrupt('Aborted by simulated user')
    }
  }

  // A result only ever gets worse.
  synchronized void worsen(String to) {
    if (!WORST_LAST.contains(to)) throw new IllegalArgumentException("there is no result $to")
    if (result == null || WORST_LAST.indexOf(to) > WORST_LAST.indexOf(result)) result = to
  }

  String getCurrentResult() { result ?: 'SUCCESS' }

  // As agents do: a second node block at the same time gets workspace@2.
  synchronized File takeWorkspace() {
    int number = 1
    while (!workspaces.add(name(number))) ++number
    File workspace = new File(directory, name(number))
    workspace.mkdirs()
    return workspace
  }

  synchronized void giveBack(File workspace) { workspaces.remove(workspace.name) }

  private static String name(int number) { number == 1 ? 'workspace' : "workspace@$number" }

  synchronized void count(Map<String, Integer> seen) {
    seen.each { String what, Integer number -> tests[what] += number }
  }

  File record(String name) { new File(directory, name) }

  // What a pipeline sees as currentBuild.
  CurrentBuild asSeen() { new CurrentBuild(this) }
}
