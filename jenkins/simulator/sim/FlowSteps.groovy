package sim

import hudson.AbortException
import java.util.concurrent.TimeUnit
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

// Steps that decide what runs when, and what a failure means.
abstract class FlowSteps extends AgentSteps {
  void echo(message) { context().log("$message") }
  void error(CharSequence message = '') { throw new AbortException(message.toString()) }

  void unstable(CharSequence message) {
    context().log("WARNING: $message")
    worsen('UNSTABLE')
  }

  def stage(CharSequence name, Closure body) {
    Context outer = context()
    outer.check()
    Stage stage = new Stage(name.toString())
    outer.build.stages << stage
    outer.log("[Pipeline] { ($name)")
    try {
      return outer.with(stage: stage).run(body)
    } catch (Exception failure) {
      stage.worsen(resultOf(failure))
      throw failure
    } finally {
      outer.log("[Pipeline] } ($name: ${stage.result ?: 'SUCCESS'})")
    }
  }

  def timeout(int minutes, Closure body) { timeout(time: minutes, body) }

  def timeout(Map options, Closure body) {
    only('timeout', options, ['time', 'unit', 'activity'])
    long millis = TimeUnit.valueOf(options.unit ?: 'MINUTES').toMillis(options.time as long)
    Scope scope = new Scope(context().scope)
    Timer timer = new Timer(true)
    timer.schedule({ scope.interrupt('Timeout has been exceeded') } as TimerTask, millis)
    try {
      return context().with(scope: scope).run(body)
    } finally {
      timer.cancel()
    }
  }

  void sleep(long seconds) { sleep(time: seconds) }

  void sleep(Map options) {
    only('sleep', options, ['time', 'unit'])
    long millis = TimeUnit.valueOf(options.unit ?: 'SECONDS').toMillis(options.time as long)
    long end = System.currentTimeMillis() + millis
    for (context().check(); System.currentTimeMillis() < end; context().check()) Thread.sleep(10)
  }

  def retry(int times, Closure body) {
    for (int attempt = 1; ; ++attempt) {
      try {
        return body.call()
      } catch (FlowInterruptedException interruption) {
        throw interruption
      } catch (Exception failure) {
        if (attempt >= times) throw failure
        context().log("ERROR: $failure.message; retrying")
      }
    }
  }

  def catchError(Map options = [:], Closure body) {
    only('catchError', options, ['buildResult', 'stageResult', 'message', 'catchInterruptions'])
    try {
      return body.call()
    } catch (Exception failure) {
      boolean interrupted = failure instanceof FlowInterruptedException
      if (interrupted && options.catchInterruptions == false) throw failure
      if (options.message) context().log("$options.message")
      context().log("ERROR: $failure.message")
      String usual = interrupted ? failure.result : 'FAILURE'
      context().build.worsen(options.buildResult ?: usual)
      context().stage?.worsen(options.stageResult ?: options.buildResult ?: usual)
    }
  }

  def warnError(CharSequence message, Closure body) {
    return catchError(message: message, buildResult: 'UNSTABLE', stageResult: 'UNSTABLE', body)
  }

  def timestamps(Closure body) { body.call() }

  Map<String, Object> parallel(Map given) {
    Map branches = new LinkedHashMap(given)
    boolean failFast = branches.remove('failFast') ?: false
    Context outer = context()
    outer.check()
    Scope scope = new Scope(outer.scope)
    List<Exception> failures = Collections.synchronizedList([])
    Map<String, Object> values = Collections.synchronizedMap([:])
    List<Thread> threads = branches.collect { name, body ->
      Context inner = outer.with(scope: scope, branch: new Object(), prefix: name.toString())
      Thread.start {
        try {
          values[name.toString()] = inner.run(body)
        } catch (Throwable thrown) {
          failures << (thrown instanceof Exception ? thrown : new RuntimeException(thrown))
          inner.log("Failed in branch $name: $thrown.message")
          if (failFast) scope.interrupt("Failed in branch $name")
        }
      }
    }
    threads*.join()
    failures.findAll { it instanceof FlowInterruptedException }.each {
      it.origin?.alsoTold(outer.branch)
    }
    if (failures) throw failures.first()
    return values
  }

  protected static String resultOf(Throwable failure) {
    failure instanceof FlowInterruptedException ? failure.result : 'FAILURE'
  }

  protected static void worsen(String result) {
    context().build.worsen(result)
    context().stage?.worsen(result)
  }
}
