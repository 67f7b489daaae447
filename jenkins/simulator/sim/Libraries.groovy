package sim

import hudson.AbortException
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer
import org.jenkinsci.plugins.workflow.libs.Library

// The shared libraries that an administrator has configured, and those that the build has loaded.
class Libraries {
  static final Map<String, File> configured = [:]
  private static final Set<String> loaded = new LinkedHashSet<>()
  private static final Map<String, Script> steps = [:]
  private static final GroovyClassLoader loader =
      new GroovyClassLoader(Libraries.classLoader, configuration())

  private static CompilerConfiguration configuration() {
    ImportCustomizer imports = new ImportCustomizer()
    imports.addImports(Library.name)
    CompilerConfiguration configuration = new CompilerConfiguration()
    configuration.scriptBaseClass = PipelineScript.name
    configuration.addCompilationCustomizers(imports)
    return configuration
  }

  static Script parse(File file) {
    // Annotations are evaluated by Jenkins before it compiles, as the classes must be there.
    (file.text =~ /(?m)^@Library\('([^'@]+)(?:@[^']*)?'\)/).each { load(it[1]) }
    return newScript(file)
  }

  static synchronized void load(String name) {
    File root = configured[name.replaceFirst(/@.*/, '')]
    if (root == null) throw new AbortException("No library named $name found")
    if (loaded.add(name)) loader.addClasspath(new File(root, 'src').path)
  }

  // The step of a loaded library: one object per build.
  static synchronized Script find(String name) {
    if (!steps.containsKey(name)) {
      File file = roots().collect { new File(it, "vars/${name}.groovy") }.find { it.exists() }
      steps[name] = file == null ? null : newScript(file)
    }
    return steps[name]
  }

  static String resource(String path) {
    File file = roots().collect { new File(it, "resources/$path") }.find { it.exists() }
    if (file == null) throw new AbortException("No such library resource $path could be found.")
    return file.getText('UTF-8')
  }

  private static List<File> roots() { loaded.collect { configured[it] } }

  private static Script newScript(File file) {
    Script script = (Script) loader.parseClass(file).newInstance()
    script.binding = new Binding()
    return script
  }
}
