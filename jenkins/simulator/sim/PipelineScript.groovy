package sim

// What Jenkinsfiles and the vars of libraries are: scripts that know the steps, the global
// variables and each library's own steps.
abstract class PipelineScript extends RecordSteps {
  Object getProperty(String name) {
    switch (name) {
      case 'env': return new Env()
      case 'params': return context().build.params
      case 'currentBuild': return context().build.asSeen()
      case 'scm': return 'scm'
    }
    Binding own = getBinding()
    if (own.hasVariable(name)) return own.getVariable(name)
    def step = Libraries.find(name)
    if (step != null) return step
    String value = Env.lookUp(name)
    if (value != null) return value
    return super.getProperty(name)
  }

  def methodMissing(String name, arguments) {
    def step = Libraries.find(name)
    if (step != null) return step.invokeMethod('call', arguments)
    throw new NoSuchMethodError("No such DSL method '$name' found among steps")
  }

  String libraryResource(CharSequence path) { Libraries.resource(path.toString()) }

  void library(CharSequence name) { Libraries.load(name.toString()) }

  void pipeline(Closure body) { new DeclarativeRun(this, body).run() }

  def script(Closure body) { body.call() }
}
