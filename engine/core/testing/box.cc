// What the tests' containers run: static, because their image holds nothing else. Its arguments are
// verbs, carried out one after the other.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

// Whether somebody reaps an orphan that ends: "reaped", or "zombie" after a second.
const char* fate_of_an_orphan() {
  int number[2];
  int life[2];
  if (pipe(number) != 0 || pipe(life) != 0) fail("pipe");
  if (fork() == 0) {
    const pid_t orphan = fork();
    if (orphan != 0) _exit(write(number[1], &orphan, sizeof orphan) == sizeof orphan ? 0 : 1);
    close(life[1]);
    char byte;
    _exit(read(life[0], &byte, 1) == 0 ? 0 : 1);  // until its grandparent closes the other end
  }
  pid_t orphan = 0;
  if (wait(nullptr) < 0 || read(number[0], &orphan, sizeof orphan) != sizeof orphan) fail("orphan");
  close(life[1]);
  for (int tries = 0; tries < 200; ++tries) {
    if (kill(orphan, 0) != 0) return "reaped";
    usleep(5000);
  }
  return "zombie";
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
    } else if (verb == "orphan") {
      dprintf(1, "%s\n", fate_of_an_orphan());
    } else if (verb == "raise") {
      raise(atoi(next()));
    } else if (verb == "pid") {
      dprintf(1, "%d\n", static_cast<int>(getpid()));
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
