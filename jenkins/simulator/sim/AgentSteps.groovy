package sim

import hudson.AbortException

// Steps that work on an agent: shells, files, environment.
abstract class AgentSteps extends Script {
  protected static Context context() { Context.current() }

  // Mistyped arguments are worth more as an error than as Jenkins' warning.
  protected static void only(String step, Map options, List<String> known) {
    options.keySet().each { name ->
      if (!known.contains(name)) {
        throw new IllegalArgumentException("$step has no argument '$name'; it has $known")
      }
    }
  }

  def sh(CharSequence script) { sh(script: script) }

  def sh(Map options) {
    only('sh', options, ['script', 'returnStatus', 'returnStdout', 'label', 'encoding'])
    if (options.script == null) throw new IllegalArgumentException('sh lacks "script"')
    Context context = context()
    if (context.directory == null) throw context.missingNode()
    context.check()
    context.log("[Pipeline] sh${options.label ? " ($options.label)" : ''}")
    StringBuffer captured = options.returnStdout ? new StringBuffer() : null
    int status = new Shell(context).run(options.script.toString(), captured)
    if (options.returnStatus) return status
    if (status != 0) throw new AbortException("script returned exit code $status")
    return captured?.toString()
  }

  def node(String label = '', Closure body) {
    Context context = context()
    context.check()
    File workspace = context.build.takeWorkspace()
    try {
      return context.with(workspace: workspace, directory: workspace).run(body)
    } finally {
      context.build.giveBack(workspace)
    }
  }

  def ws(String path, Closure body) {
    File workspace = context().path(path)
    workspace.mkdirs()
    return context().with(workspace: workspace, directory: workspace).run(body)
  }

  def dir(CharSequence path, Closure body) {
    return context().with(directory: context().path(path.toString())).run(body)
  }

  void deleteDir() { context().path('.').canonicalFile.deleteDir() }

  String pwd(Map options = [:]) {
    only('pwd', options, ['tmp'])
    File directory = context().path('.').canonicalFile
    if (!options.tmp) return directory.path
    File tmp = new File(context().workspace.path + '@tmp')
    tmp.mkdirs()
    return tmp.path
  }

  boolean isUnix() { true }
  boolean fileExists(CharSequence name) { context().path(name.toString()).exists() }

  String readFile(CharSequence name) { readFile(file: name) }

  String readFile(Map options) {
    only('readFile', options, ['file', 'encoding'])
    File file = context().path(options.file.toString())
    if (!file.exists()) throw new java.nio.file.NoSuchFileException(file.path)
    return file.getText('UTF-8')
  }

  void writeFile(Map options) {
    only('writeFile', options, ['file', 'text', 'encoding'])
    File file = context().path(options.file.toString())
    file.parentFile.mkdirs()
    file.setText(options.text.toString(), 'UTF-8')
  }

  def withEnv(List settings, Closure body) {
    Map<String, String> environment = new LinkedHashMap<>(context().environment)
    settings.each { setting ->
      def (String name, String value) = setting.toString().split('=', 2).toList()
      if (value == null) throw new IllegalArgumentException("withEnv: $setting is not NAME=VALUE")
      if (name.contains('+')) {  // PATH+ANYTHING goes in front of PATH
        name = name.substring(0, name.indexOf('+'))
        String before = environment[name] ?: context().effectiveEnvironment()[name]
        if (before) value = "$value:$before"
      }
      environment[name] = value
    }
    return context().with(environment: environment).run(body)
  }

  Map<String, String> checkout(scm) {
    File source = context().build.source
    if (source == null) throw new AbortException('the simulator was given nothing to check out')
    context().log("[Pipeline] checkout ($source, by links)")
    // What somebody's own run has reported there is no part of the source. What was built is lent.
    source.listFiles().findAll { it.name != 'results' }.each { File file ->
      File link = context().path(file.name)
      if (!link.exists()) java.nio.file.Files.createSymbolicLink(link.toPath(), file.toPath())
    }
    return [GIT_BRANCH: 'simulated']
  }
}
