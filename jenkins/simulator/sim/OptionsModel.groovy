package sim

class OptionsModel extends Section {
  static final List<String> WITHOUT_EFFECT = ['timestamps', 'buildDiscarder', 'logRotator',
                                              'disableConcurrentBuilds', 'ansiColor',
                                              'preserveStashes', 'durabilityHint']
  Map timeout
  int retry = 1
  boolean skipDefaultCheckout = false
  boolean skipStagesAfterUnstable = false
  boolean parallelsAlwaysFailFast = false
  String where = 'options'

  void timeout(Map limit) { timeout = limit }
  void retry(int times) { retry = times }
  void skipDefaultCheckout(boolean yes = true) { skipDefaultCheckout = yes }
  void skipStagesAfterUnstable() { skipStagesAfterUnstable = true }
  void parallelsAlwaysFailFast() { parallelsAlwaysFailFast = true }

  def methodMissing(String name, arguments) {
    if (!(name in WITHOUT_EFFECT)) return super.methodMissing(name, arguments)
  }
}
