package sim

// A declarative pipeline as it is written: sections are collected, nothing runs. A section that
// Declarative does not have, or a step outside of steps, is an error here, before any stage.
abstract class Section {
  abstract String getWhere()

  protected static void fill(Section section, Closure body) {
    body.delegate = section
    body.resolveStrategy = Closure.DELEGATE_ONLY
    body.call()
  }

  def methodMissing(String name, arguments) {
    throw new IllegalArgumentException("$where: '$name' is no section or directive there")
  }

  def propertyMissing(String name) {
    if (name in ['any', 'none']) return name
    throw new IllegalArgumentException("$where: '$name' means nothing there")
  }
}
