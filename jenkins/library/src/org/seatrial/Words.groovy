package org.seatrial

import com.cloudbees.groovy.cps.NonCPS

// Words for a POSIX shell. Nothing here runs a step, so Jenkins need not be able to stop within:
// constructors may only call what is NonCPS.
class Words implements Serializable {
  private static final long serialVersionUID = 1L

  // One word, whatever it holds.
  @NonCPS
  static String quote(word) {
    String text = word.toString()
    return text ==~ /[A-Za-z0-9_@%+=:,.\/-]+/ ? text : "'" + text.replace("'", "'\\''") + "'"
  }

  @NonCPS
  static String line(List words) {
    String text = ''
    for (word in words) {
      text += (text.isEmpty() ? '' : ' ') + quote(word)
    }
    return text
  }

  // A command that users give as one string, to be split at blanks, or as a list of words.
  @NonCPS
  static List list(command) {
    return command instanceof List ? command : command.toString().tokenize()
  }

  // Names that `options` has and a step lacks are mistakes, and worth a sentence.
  @NonCPS
  static void check(String step, Map options, List known) {
    for (name in options.keySet()) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "${step}: there is no option '${name}'; there are: ${known.join(', ')}")
      }
    }
  }
}
