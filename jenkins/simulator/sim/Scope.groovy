package sim

import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

// What can be interrupted as a whole: the build, a timeout's body, the branches of a parallel step.
class Scope {
  final Scope outer
  private String cause
  private String result
  private final Set<Object> told = new HashSet<>()

  Scope(Scope outer) { this.outer = outer }

  // Each branch is told once, at the step that it is in or comes to next: what runs afterwards,
  // in finally or post, runs undisturbed. As Jenkins does it.
  synchronized void interrupt(String cause, String result = 'ABORTED') {
    if (this.cause != null) return
    this.cause = cause
    this.result = result
  }

  // Throws what `branch` has not been told yet, by this scope or one around it.
  void check(Object branch) {
    for (Scope scope = this; scope != null; scope = scope.outer) scope.tell(branch)
  }

  boolean isInterrupted() { cause != null }

  private synchronized void tell(Object branch) {
    if (cause != null && told.add(branch)) throw new FlowInterruptedException(result, cause, this)
  }

  // The branch that waited for `child` has heard of it through the child's exception.
  synchronized void alsoTold(Object branch) {
    if (cause != null) told.add(branch)
  }
}
