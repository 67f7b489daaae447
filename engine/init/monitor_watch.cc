// The monitor's life: carrying bytes, hearing the runtime and the end of init.
#include <linux/signal.h>
#include <linux/wait.h>

#include "engine/init/monitor_state.h"
#include "engine/init/run.h"

namespace seatrial::init {
namespace {

enum Place { kSignals, kControl, kListener, kOut, kErr, kIn, kClients };
constexpr int kPlaces = kClients + Clients::kMost;

// What a terminal still holds for its master arrives a moment after its last user has gone.
constexpr std::int64_t kTerminalPatience = 1000;  // milliseconds

char chunk[kChunk];

struct Watch {
  PollEntry entries[kPlaces];
  std::int64_t terminal_end = 0;  // until when the terminal may still speak, once init is gone
};

void reap_init(Monitor& m) {
  // Not before the runtime let go: it looks at init by its number until then.
  if (m.control >= 0 || m.ended || *m.cloned == 0) return;
  int status = 0;
  if (sys(__NR_wait4, *m.cloned, &status, WNOHANG, 0) != *m.cloned) return;
  m.finished = wall_clock();
  const int signal = status & 0x7f;
  m.code = signal != 0 ? 128 + signal : status >> 8 & 0xff;
  m.ended = true;
}

void reap_launcher(Monitor& m) {
  int status = 0;
  if (m.launcher == 0 || sys(__NR_wait4, m.launcher, &status, WNOHANG, 0) != m.launcher) return;
  m.launcher = 0;
  // Nobody has told the runtime of this init, so that nobody will ever answer it.
  if (status != 0 && *m.cloned != 0) sys(__NR_kill, *m.cloned, SIGKILL);
}

void reap(Monitor& m) {
  char information[128 * 4];  // struct signalfd_siginfo; that something came is all there is to it
  sys(__NR_read, m.signals, information, sizeof information);
  reap_launcher(m);
  reap_init(m);
}

void take_terminal(Monitor& m, int master) {
  if (master < 0) return;
  m.out = master;
  never_block(master);
  if (m.wants_stdin) m.input.open(master, false, false);
}

void hear_runtime(Monitor& m) {
  wire::Message message;
  int fd = -1;
  const Result result = receive_descriptor(m.control, message, fd);
  if (result == -EINTR || result == -EAGAIN) return;
  if (result < 0) {
    close_and_forget(m.control);
    if (!m.created) abandon(m);
    reap_init(m);
    return;
  }
  switch (message.kind) {
    case wire::MessageKind::kConsoleMaster:
      take_terminal(m, fd);
      break;
    case wire::MessageKind::kReady:
      m.created = true;
      break;
    default:
      abandon(m);
  }
}

// Standard output is 1 in a frame, standard error 2.
void carry(Monitor& m, unsigned char stream) {
  int& fd = stream == 1 ? m.out : m.err;
  Lines& lines = stream == 1 ? m.out_lines : m.err_lines;
  const Result size = sys(__NR_read, fd, chunk, sizeof chunk);
  if (size > 0) {
    lines.add(m.log, chunk, (std::size_t)size);
    m.clients.send(stream, chunk, (std::size_t)size);
  } else if (size != -EAGAIN && size != -EINTR) {
    lines.finish(m.log);
    if (m.terminal) m.input.close();
    close_and_forget(fd);
  }
}

bool is_over(const Monitor& m) {
  return m.ended && m.control < 0;
}

std::int64_t patience(const Monitor& m, Watch& watch) {
  const std::int64_t clients = m.clients.patience_left();
  if (!is_over(m) || clients >= 0) return clients;
  if (!m.terminal || m.out < 0) return 0;  // all that was written is in the pipes
  const std::int64_t time = milliseconds();
  if (watch.terminal_end == 0) watch.terminal_end = time + kTerminalPatience;
  return watch.terminal_end > time ? watch.terminal_end - time : 0;
}

void fill(const Monitor& m, PollEntry* entries) {
  const bool reads = !m.clients.stalled();
  const auto readable = [](int fd) { return PollEntry{fd, POLLIN, 0}; };
  entries[kSignals] = readable(m.signals);
  entries[kControl] = readable(m.control);
  entries[kListener] = readable(m.clients.full() ? -1 : m.listener);
  entries[kOut] = readable(reads ? m.out : -1);
  entries[kErr] = readable(reads ? m.err : -1);
  entries[kIn] = m.input.waits_for();
  m.clients.wait_for(entries + kClients, m.input);
}

void act(Monitor& m, const PollEntry* entries) {
  // Whoever connected before something was written is to see it.
  if (entries[kListener].happened != 0) m.clients.accept(m.listener);
  m.clients.serve(entries + kClients, m.input);
  if (entries[kIn].happened != 0) m.input.flush();
  if (entries[kOut].happened != 0) carry(m, 1);
  if (entries[kErr].happened != 0 && !m.clients.stalled()) carry(m, 2);
  if (entries[kSignals].happened != 0) reap(m);
  if (entries[kControl].happened != 0) hear_runtime(m);
}

}  // namespace

void watch(Monitor& m) {
  Watch watch;
  for (;;) {
    const bool over = is_over(m);
    if (over && m.out < 0 && m.err < 0) return;
    fill(m, watch.entries);
    const std::int64_t timeout = patience(m, watch);
    const bool stalled = m.clients.stalled();
    if (wait_for_events(watch.entries, kPlaces, timeout) < 0) continue;
    const bool silent = (watch.entries[kOut].happened | watch.entries[kErr].happened) == 0;
    const bool waits_on =
        m.terminal && m.out >= 0 && timeout > 0 && milliseconds() < watch.terminal_end;
    if (over && silent && !stalled && !waits_on) return;
    act(m, watch.entries);
  }
}

}  // namespace seatrial::init
