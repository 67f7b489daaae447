// Those who look on: clients of attach.sock, and the container's standard input, which they feed.
//
// A client never holds the container for long: once its backlog is full nothing more is read from
// the container until it has taken all of it, and after kPatience it is dropped.
#pragma once

#include "engine/init/monitor_files.h"

namespace seatrial::init {

// The container's standard input: the writing end of a pipe, or the terminal.
class Input {
 public:
  void open(int fd, bool is_pipe, bool once);
  bool wanted() const { return open_; }
  bool idle() const { return begin_ == end_; }
  // Of a client that has something to say. What read(2) returned: 0 at its end.
  Result take_from(int client);
  // That client has said all; a pipe that is for one client only ends with it.
  void client_ended();
  void flush();
  PollEntry waits_for() const;
  void close();

 private:
  bool open_;
  bool pipe_;
  bool once_;
  bool ending_;
  int fd_;
  std::size_t begin_;
  std::size_t end_;
  char buffer_[kChunk];
};

class Clients {
 public:
  static constexpr int kMost = 16;
  static constexpr std::int64_t kPatience = 1000;  // milliseconds

  void begin(bool framed);
  void accept(int listener);
  void add(int fd);
  void add_starter(int fd);
  bool full() const;
  // `stream`: 1 stdout, 2 stderr. There is room while nobody is stalled().
  void send(unsigned char stream, const char* bytes, std::size_t size);
  // Somebody has to take what he was sent before there may be more.
  bool stalled() const;
  // Milliseconds until somebody is to be dropped; -1 where nobody is.
  std::int64_t patience_left() const;
  // Fills in kMost entries.
  void wait_for(PollEntry* entries, const Input& input) const;
  // Acts on what happened.
  void serve(const PollEntry* entries, Input& input);
  // Another descriptor of the one that was there from the start, which finish() leaves open; -1
  // when it has hung up.
  int keep_starter() const;
  // The end: gives everybody what is left to him and hangs up.
  void finish();

 private:
  struct Client {
    int fd;
    bool starter;
    bool speechless;  // has said all that it will
    bool hung_up;
    bool stalled;
    std::int64_t stalled_since;
    std::size_t size;
    char backlog[4 * kChunk];
  };

  static void drop(Client& client);
  static void drain(Client& client);
  static void listen(Client& client, Input& input);
  void send_to(Client& client, const char* header, const char* bytes, std::size_t size);
  void drop_overdue();

  bool framed_;
  Client clients_[kMost];
};

}  // namespace seatrial::init
