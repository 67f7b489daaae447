// Runs a pipeline as README.md says. The last line of the output is the result; the whole outcome
// is in DIRECTORY/build.json.
import groovy.json.JsonOutput
import sim.Build
import sim.Context
import sim.FlowSteps
import sim.Libraries

String usage = '''usage: simulate [OPTION...] PIPELINE

  --directory DIR       workspaces, stashes and records of the build (needed)
  --library NAME=DIR    a shared library, as an administrator configures it; repeatable
  --source DIR          what `checkout scm` brings, by links
  --schema FILE         what the files of the junit step are validated against
  --env NAME=VALUE      in the environment of the agent; repeatable
  --param NAME=VALUE    a build parameter; repeatable
  --abort-when LINE     somebody aborts the build when its log has exactly this line

exit status: 0 SUCCESS, 1 FAILURE, 2 wrong usage, 3 UNSTABLE, 4 ABORTED or NOT_BUILT
'''

class Usage extends Exception {
  Usage(String message) { super(message) }
}

Map<String, Object> read(List<String> words) {
  Map<String, Object> options = [env: [:], param: [:], library: [:]]
  for (Iterator<String> word = words.iterator(); word.hasNext();) {
    String name = word.next()
    if (!name.startsWith('--')) {
      if (options.pipeline) throw new Usage("there is more than one pipeline: $name")
      options.pipeline = name
      continue
    }
    name = name.substring(2)
    if (!(name in ['directory', 'library', 'source', 'schema', 'env', 'param', 'abort-when'])) {
      throw new Usage("there is no option --$name")
    }
    if (!word.hasNext()) throw new Usage("--$name lacks its value")
    String value = word.next()
    if (!(options[name] instanceof Map)) {
      options[name] = value
      continue
    }
    if (!value.contains('=')) throw new Usage("--$name $value is not NAME=VALUE")
    def (String key, String rest) = value.split('=', 2).toList()
    options[name][key] = rest
  }
  if (!options.pipeline || !options.directory) throw new Usage('a pipeline and --directory are needed')
  return options
}

Map<String, String> agentEnvironment(Map<String, String> more) {
  Map<String, String> environment = ['PATH', 'HOME', 'LANG', 'USER'].collectEntries {
    [(it): System.getenv(it)]
  }.findAll { it.value != null }
  return environment + [JENKINS_URL: 'http://jenkins.invalid/', JOB_NAME: 'simulated',
      BUILD_NUMBER: '1', BUILD_TAG: 'jenkins-simulated-1', NODE_NAME: 'built-in',
      EXECUTOR_NUMBER: '0', CI: 'true', BRANCH_NAME: 'main'] + more
}

void run(Build build, File pipeline) {
  try {
    new Context(build: build, scope: build.scope).run { Libraries.parse(pipeline).run() }
  } catch (Throwable failure) {
    build.worsen(FlowSteps.resultOf(failure))
    System.out.println("ERROR: ${failure instanceof hudson.AbortException ? '' : failure.getClass().simpleName + ': '}$failure.message")
    if (!(failure instanceof hudson.AbortException) && build.result != 'ABORTED') {
      failure.stackTrace.findAll { it.fileName?.endsWith('.groovy') || it.fileName == 'Jenkinsfile' }
          .take(12).each { System.out.println("    at $it") }
    }
  }
}

Map<String, Object> options
try {
  options = read(args.toList())
} catch (Usage wrong) {
  System.err.println("simulate: $wrong.message\n\n$usage")
  System.exit(2)
}
Build build = new Build(new File(options.directory), agentEnvironment(options.env), options.param)
build.abortWhen = options['abort-when']
build.schema = options.schema ? new File(options.schema).canonicalPath : null
build.source = options.source ? new File(options.source).canonicalFile : null
options.library.each { name, directory ->
  Libraries.configured[name] = new File(directory).canonicalFile
}
run(build, new File(options.pipeline).canonicalFile)
build.record("build.json").setText(JsonOutput.prettyPrint(JsonOutput.toJson([
    result: build.currentResult, description: build.description, tests: build.tests,
    stages: build.stages.collect { [name: it.name, result: it.result ?: 'SUCCESS'] }])), 'UTF-8')
println "Finished: $build.currentResult"
System.exit([SUCCESS: 0, FAILURE: 1, UNSTABLE: 3].get(build.currentResult, 4))
