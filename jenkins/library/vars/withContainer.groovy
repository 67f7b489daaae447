import org.seatrial.Container

// A disposable container for the steps inside: help is in withContainer.txt.
def call(Map options, Closure body) {
  // Named before it is made, so that an abort at any moment knows what to remove.
  Container container = new Container(this, options, "seatrial-${UUID.randomUUID()}".toString())
  boolean done = false
  try {
    timeout(time: options.timeout ?: 10, unit: 'MINUTES') { container.start() }
    def value = Container.within(body, container)
    done = true
    return value
  } finally {
    if (!done && options.keepOnFailure) {
      echo "withContainer: the container ${container.name} is kept, because its steps failed"
    } else if (!container.remove()) {
      String sentence = "withContainer: the container ${container.name} could not be removed"
      // What the steps failed of is the better reason.
      if (done) error(sentence)
      echo sentence
    }
  }
}
