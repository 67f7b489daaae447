package sim

import java.nio.file.CopyOption
import java.nio.file.StandardCopyOption
import java.util.regex.Pattern

// Files by Ant's patterns, and copies of them.
class Files {
  private static final CopyOption[] AS_IT_IS =
      [StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES] as CopyOption[]

  // Paths below `root` that one of the comma-separated patterns matches, in order.
  static List<String> matching(File root, String patterns) {
    List<Pattern> wanted = patterns.split(',').collect { pattern(it.trim()) }
    List<String> found = []
    if (!root.directory) return found
    walk(root, '') { String path -> if (wanted.any { path ==~ it }) found << path }
    return found.sort()
  }

  static void copy(File from, File to, List<String> paths) {
    paths.each { String path ->
      File target = new File(to, path)
      target.parentFile.mkdirs()
      java.nio.file.Files.copy(new File(from, path).toPath(), target.toPath(), AS_IT_IS)
    }
  }

  private static void walk(File directory, String prefix, Closure found) {
    directory.listFiles()?.each { File file ->
      String path = prefix + file.name
      // What a link leads to is not searched, else a view of a tree would be the tree.
      if (file.directory && !java.nio.file.Files.isSymbolicLink(file.toPath())) {
        walk(file, path + '/', found)
      } else if (file.file) {
        found.call(path)
      }
    }
  }

  // "**/" stands for any folders or none, "*" for anything within a name.
  private static Pattern pattern(String ant) {
    String whole = ant.endsWith('/') ? ant + '**' : ant
    String regex = whole.replaceAll(/\*\*\/|\*\*|\*|\?|[^*?]+/) { String piece ->
      switch (piece) {
        case '**/': return '(?:.*/)?'
        case '**': return '.*'
        case '*': return '[^/]*'
        case '?': return '[^/]'
        default: return Pattern.quote(piece)
      }
    }
    return Pattern.compile(regex)
  }
}
