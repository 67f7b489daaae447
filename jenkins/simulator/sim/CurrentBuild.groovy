package sim

class CurrentBuild {
  private final Build build

  CurrentBuild(Build build) { this.build = build }

  String getResult() { build.result }
  void setResult(String to) { build.worsen(to) }
  String getCurrentResult() { build.currentResult }
  String getDescription() { build.description }
  void setDescription(String text) { build.description = text }
  int getNumber() { 1 }
  String getDisplayName() { '#1' }
  String getFullDisplayName() { 'simulated #1' }
  long getDuration() { System.currentTimeMillis() - build.started }
}
