// What the tests' containers run: static, because their image holds nothing else. Its arguments are
// verbs, carried out one after the other.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

extern char** environ;

namespace {

[[noreturn]] void fail(const char* what) {
  perror(what);
  exit(99);
}

void copy(int from, int to) {
  char buffer[4096];
  ssize_t got;
  while ((got = read(from, buffer, sizeof buffer)) > 0) {
    if (write(to, buffer, static_cast<size_t>(got)) != got) fail("write");
  }
}

void print_file(const char* path) {
  const int fd = open(path, O_RDONLY);
  if (fd < 0) fail(path);
  copy(fd, 1);
  close(fd);
}

void write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) fail(path);
  close(fd);
}

void end_at_term(int) {
  _exit(7);
}

}  // namespace

int main(int argc, char** argv) {
  const char* const none = "";
  for (int at = 1; at < argc; ++at) {
    const std::string_view verb = argv[at];
    const auto next = [&] { return at + 1 < argc ? argv[++at] : none; };
    if (verb == "echo") {
      dprintf(1, "%s\n", next());
    } else if (verb == "err") {
      dprintf(2, "%s\n", next());
    } else if (verb == "exit") {
      return atoi(next());
    } else if (verb == "sleep") {
      for (;;) pause();
    } else if (verb == "term") {
      signal(SIGTERM, end_at_term);
    } else if (verb == "stdin") {
      copy(0, 1);
    } else if (verb == "cat") {
      print_file(next());
    } else if (verb == "write") {
      const char* const path = next();
      write_file(path, next());
    } else if (verb == "remove") {
      if (unlink(next()) != 0) fail("unlink");
    } else if (verb == "id") {
      dprintf(1, "%d:%d\n", static_cast<int>(getuid()), static_cast<int>(getgid()));
    } else if (verb == "env") {
      for (char** each = environ; *each != nullptr; ++each) dprintf(1, "%s\n", *each);
    } else {
      dprintf(2, "no verb %s\n", argv[at]);
      return 98;
    }
  }
  return 0;
}
