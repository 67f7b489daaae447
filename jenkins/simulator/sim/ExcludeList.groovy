package sim

class ExcludeList extends Section {
  List<Map<String, List<String>>> excludes
  String where = 'excludes'

  void exclude(Closure body) {
    Map<String, List<String>> axes = new LinkedHashMap<>()
    fill(new AxisList(axes: axes), body)
    excludes << axes
  }
}
