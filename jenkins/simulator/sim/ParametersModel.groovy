package sim

class ParametersModel extends Section {
  final Map<String, Object> defaults = [:]
  final Map<String, List> choices = [:]
  String where = 'parameters'

  void string(Map options) { defaults[options.name] = options.defaultValue ?: '' }
  void text(Map options) { defaults[options.name] = options.defaultValue ?: '' }
  void booleanParam(Map options) { defaults[options.name] = options.defaultValue ?: false }
  void choice(Map options) {
    choices[options.name] = options.choices
    defaults[options.name] = options.choices.first()
  }
}
