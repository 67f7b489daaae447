package sim

import hudson.AbortException

// Runs what DeclarativeModel has collected, by the steps that scripted pipelines have.
class DeclarativeRun {
  private final PipelineScript steps
  private final PipelineModel model

  DeclarativeRun(PipelineScript steps, Closure body) {
    this.steps = steps
    this.model = PipelineModel.of(body)
  }

  void run() {
    takeParameters()
    onAgent(model) {
      within(model) {
        guarded(model.post, { context().build.currentResult }) {
          model.stages.each { runStage(it) }
        }
      }
    }
  }

  private static Context context() { Context.current() }

  private void takeParameters() {
    Map<String, Object> params = context().build.params
    model.parameters.defaults.each { name, usual ->
      if (!params.containsKey(name)) params[name] = usual
      if (usual instanceof Boolean) params[name] = params[name].toString().toBoolean()
      List allowed = model.parameters.choices[name]
      if (allowed && !(params[name] in allowed)) {
        throw new AbortException("the parameter $name is none of $allowed: ${params[name]}")
      }
    }
    params.keySet().each { name ->
      if (!model.parameters.defaults.containsKey(name)) {
        throw new AbortException("the pipeline has no parameter $name")
      }
    }
    // Jenkins hands parameters to programs, too.
    params.each { name, value -> context().build.environment[name] = value.toString() }
  }

  private void runStage(StageModel stage) {
    if (stage.when != null && !When.holds(steps, stage.when)) {
      context().log("Stage \"$stage.name\" skipped due to when conditional")
      return
    }
    if (model.options.skipStagesAfterUnstable && context().build.currentResult == 'UNSTABLE') {
      context().log("Stage \"$stage.name\" skipped due to earlier stage(s) marking the build as unstable")
      return
    }
    steps.stage(stage.name) {
      onAgent(stage) {
        within(stage) {
          guarded(stage.post, { context().stage.result ?: 'SUCCESS' }) { body(stage) }
        }
      }
    }
  }

  private void body(StageModel stage) {
    if (stage.branches) {
      Map branches = stage.branches.collectEntries { inner -> [(inner.name): { runStage(inner) }] }
      steps.parallel(branches + [failFast: stage.failFast || model.options.parallelsAlwaysFailFast])
    } else if (stage.stages) {
      stage.stages.each { runStage(it) }
    } else {
      callOn(steps, stage.steps)
    }
  }

  private Object onAgent(BlockModel block, Closure body) {
    if (block.agent == null) return body.call()
    steps.node(block.agent.label) {
      if (context().build.source != null && !model.options.skipDefaultCheckout) steps.checkout('scm')
      body.call()
    }
  }

  // With the environment and the options of a block.
  private Object within(BlockModel block, Closure body) {
    Closure inner = body
    if (block.options.retry > 1) inner = { steps.retry(block.options.retry, body) }
    Closure timed = block.options.timeout ? { steps.timeout(block.options.timeout, inner) } : inner
    if (block.environment == null) return timed.call()
    EnvironmentBlock environment = new EnvironmentBlock()
    callOn(environment, block.environment)
    steps.withEnv(environment.values.collect { name, value -> "$name=$value" }, timed)
  }

  // Runs `body` and then what `post` has for its result. The first failure is what counts.
  private void guarded(PostModel post, Closure<String> result, Closure body) {
    Exception failure = null
    try {
      body.call()
    } catch (Exception thrown) {
      failure = thrown
      context().log("ERROR: $thrown.message")
      context().stage?.worsen(FlowSteps.resultOf(thrown))
      context().build.worsen(FlowSteps.resultOf(thrown))
    }
    PostModel.CONDITIONS.each { condition ->
      Closure steps = post.bodies[condition]
      if (steps == null || !applies(condition, result.call())) return
      try {
        callOn(this.steps, steps)
      } catch (Exception thrown) {
        context().log("Error when executing $condition post condition: $thrown.message")
        context().build.worsen('FAILURE')
        if (failure == null) failure = thrown
      }
    }
    if (failure != null) throw failure
  }

  // A simulated build is a job's first: there is nothing that it changed.
  private static boolean applies(String condition, String result) {
    switch (condition) {
      case ['always', 'cleanup', 'changed']: return true
      case ['fixed', 'regression']: return false
      case 'unsuccessful': return result != 'SUCCESS'
      case 'notBuilt': return result == 'NOT_BUILT'
      default: return condition.toUpperCase() == result
    }
  }

  // A body inside of sections would ask those first: it gets the script as its owner instead.
  static Object callOn(Object delegate, Closure body) {
    Closure fresh = body.rehydrate(delegate, body.thisObject, body.thisObject)
    fresh.resolveStrategy = Closure.DELEGATE_FIRST
    return fresh.call()
  }
}
