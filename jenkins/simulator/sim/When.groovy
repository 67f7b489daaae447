package sim

// when { }: the conditions that need nothing but the build.
class When {
  private final PipelineScript steps
  private final List<Boolean> conditions = []

  private When(PipelineScript steps) { this.steps = steps }

  static boolean holds(PipelineScript steps, Closure body) { collect(steps, body).every() }

  private static List<Boolean> collect(PipelineScript steps, Closure body) {
    When when = new When(steps)
    DeclarativeRun.callOn(when, body)
    return when.conditions
  }

  void expression(Closure body) { conditions << (DeclarativeRun.callOn(steps, body) as boolean) }
  void branch(String name) { conditions << (Env.lookUp('BRANCH_NAME') == name) }
  void environment(Map options) { conditions << (Env.lookUp(options.name) == options.value) }
  void not(Closure body) { conditions << !collect(steps, body).every() }
  void allOf(Closure body) { conditions << collect(steps, body).every() }
  void anyOf(Closure body) { conditions << collect(steps, body).any() }
  void beforeAgent(boolean yes) {}
}
