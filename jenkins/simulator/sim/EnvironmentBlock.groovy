package sim

// environment { NAME = "value" }: later lines may use earlier ones.
class EnvironmentBlock {
  final Map<String, String> values = new LinkedHashMap<>()

  void setProperty(String name, value) { values[name] = value.toString() }

  def getProperty(String name) {
    if (name == 'values') return values
    if (values.containsKey(name)) return values[name]
    throw new MissingPropertyException(name, EnvironmentBlock)
  }
}
