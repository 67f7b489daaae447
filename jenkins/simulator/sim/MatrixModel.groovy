package sim

class MatrixModel extends BlockModel {
  final Map<String, List<String>> axes = new LinkedHashMap<>()
  final List<Map<String, List<String>>> excludes = []
  String where = 'matrix'

  void axes(Closure body) { fill(new AxisList(axes: axes), body) }
  void excludes(Closure body) { fill(new ExcludeList(excludes: excludes), body) }

  List<StageModel> cells() {
    List<List<List<String>>> choices = axes.collect { name, values -> values.collect { [name, it] } }
    return choices.combinations().collect { pairs ->
      pairs.collectEntries { [(it[0]): it[1]] }
    }.findAll { Map<String, String> cell ->
      !excludes.any { exclude -> exclude.every { name, values -> cell[name] in values } }
    }.collect { Map<String, String> cell ->
      String name = 'Matrix - ' + cell.collect { key, value -> "$key = '$value'" }.join(', ')
      return new StageModel(name: name, agent: agent, options: options, post: post, stages: stages,
                            environment: environmentOf(cell))
    }
  }

  private Closure environmentOf(Map<String, String> cell) {
    Closure rest = environment
    return { ->
      EnvironmentBlock block = (EnvironmentBlock) delegate
      block.values.putAll(cell)
      if (rest != null) DeclarativeRun.callOn(block, rest)
    }
  }
}
