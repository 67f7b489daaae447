package hudson

// A failure that Jenkins prints without a stack trace, as `error` throws.
class AbortException extends IOException {
  AbortException(String message) { super(message) }
}
