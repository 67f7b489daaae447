package sim

class AxisList extends Section {
  Map<String, List<String>> axes
  private String current
  String where = 'axes'

  void axis(Closure body) { fill(this, body) }
  void name(String text) { current = text }
  void values(String... all) { axes[current] = all.toList() }
}
