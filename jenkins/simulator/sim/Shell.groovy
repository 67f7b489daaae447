package sim

import java.nio.charset.StandardCharsets
import java.util.concurrent.TimeUnit

// A script as the sh step runs it: by sh -xe unless it names its interpreter, in a session of its
// own, so that everything it started can be ended together.
class Shell {
  private static final long GRACE_MS = 5000
  private static final long LOOK_MS = 20

  final Context context

  Shell(Context context) { this.context = context }

  // The exit status; standard output goes to `captured` when that is given, else to the log.
  // On an interruption the session is ended first, then the interruption thrown.
  int run(String script, StringBuffer captured) {
    File directory = File.createTempFile('sim-sh-', '')
    directory.delete()
    directory.mkdirs()
    File file = new File(directory, 'script.sh')
    file.setText(script, 'UTF-8')
    file.setExecutable(true)
    try {
      List<String> command = ['setsid'] + (script.startsWith('#!') ? [] : ['sh', '-xe'])
      return await(start(command + [file.path]), captured)
    } finally {
      directory.deleteDir()
    }
  }

  private Process start(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command)
    context.directory.mkdirs()
    builder.directory(context.directory)
    builder.redirectInput(new File('/dev/null'))
    Map<String, String> environment = builder.environment()
    environment.clear()
    environment.putAll(context.effectiveEnvironment())
    return builder.start()
  }

  private int await(Process process, StringBuffer captured) {
    List<Thread> readers = [
        reader(process.inputStream, captured),
        reader(process.errorStream, null)]
    long patience = GRACE_MS
    try {
      while (!process.waitFor(LOOK_MS, TimeUnit.MILLISECONDS)) context.check()
    } catch (Exception interruption) {
      end(process)
      patience = LOOK_MS  // what lives on in a container may hold the ends of these pipes
      throw interruption
    } finally {
      readers*.join(patience)
    }
    return process.exitValue()
  }

  // setsid does not fork when its caller leads no group, which a child of Java never does: the
  // process is its session's leader, and its number the number of the group.
  private static void end(Process process) {
    for (String signal : ['-TERM', '-KILL']) {
      new ProcessBuilder('kill', signal, '--', "-${process.pid()}").start().waitFor()
      if (process.waitFor(GRACE_MS, TimeUnit.MILLISECONDS)) return
    }
  }

  private Thread reader(InputStream stream, StringBuffer captured) {
    return Thread.start {
      stream.withStream { InputStream input ->
        if (captured != null) {
          captured.append(new String(input.bytes, StandardCharsets.UTF_8))
          return
        }
        input.eachLine('UTF-8') { String line -> context.log(line) }
      }
    }
  }
}
