package sim

// env: what programs will see; an assignment holds for the rest of the build.
class Env {
  static String lookUp(String name) { Context.current().effectiveEnvironment()[name] }

  def propertyMissing(String name) { lookUp(name) }
  void setProperty(String name, value) { Context.current().build.assigned[name] = "$value".toString() }
  Map<String, String> getEnvironment() { Context.current().effectiveEnvironment() }
}
