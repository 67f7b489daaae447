package sim

class PostModel extends Section {
  static final List<String> CONDITIONS = ['always', 'changed', 'fixed', 'regression', 'aborted',
                                          'failure', 'success', 'unstable', 'unsuccessful',
                                          'notBuilt', 'cleanup']
  final Map<String, Closure> bodies = [:]
  String where = 'post'

  def methodMissing(String name, arguments) {
    if (!(name in CONDITIONS)) return super.methodMissing(name, arguments)
    bodies[name] = (Closure) arguments[0]
  }
}
