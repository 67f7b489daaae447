package sim

// What a stage came to, by itself.
class Stage {
  final String name
  String result

  Stage(String name) { this.name = name }

  void worsen(String to) {
    List<String> order = Build.WORST_LAST
    if (result == null || order.indexOf(to) > order.indexOf(result)) result = to
  }
}
