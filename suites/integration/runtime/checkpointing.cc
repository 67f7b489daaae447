#include "suites/integration/runtime/checkpointing.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/deadline.h"
#include "engine/sys/network_namespace.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"
#include "harness/fixtures/mode_limits.h"

namespace {

constexpr const char* kCounter = "/data/counter";

std::string pid_file(const Box& box) {
  return box.bundle() / "restored.pid";
}

std::vector<std::string> words(std::vector<std::string> words,
                               const std::vector<std::string>& options, const Box& box) {
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(box.id());
  return words;
}

Box start(Subject& subject, const Bundle& bundle) {
  need_criu(subject);
  return subject.run(bundle);
}

}  // namespace

// CRIU looks for a loopback device that is up, which the namespace of a case has not.
void need_criu(Subject& subject) {
  if (!subject.command({"checkpoint", "--help"}).succeeded()) {
    throw Lack(subject.info().name + " has no verb checkpoint");
  }
  if (is_unprivileged(subject.mode())) {
    throw Lack(std::string(lacking_one(subject.mode())) + " may not do what CRIU does as root");
  }
  seatrial::sys::bring_up_loopback(seatrial::sys::own_network_namespace().get());
  const Outcome check = [] {
    try {
      return run_command({"criu", "check"}, {.deadline = scaled(10s)});
    } catch (const seatrial::Error& failure) {
      throw Lack(std::string("this host has no working CRIU: ") + failure.what());
    }
  }();
  if (check.succeeded()) return;
  throw Lack("this kernel and this CRIU do not fit: " +
             check.error_text.substr(0, check.error_text.find('\n')));
}

Bundle counting(const std::vector<std::string>& words) {
  std::vector<std::string> command{"count", kCounter};
  command.insert(command.end(), words.begin(), words.end());
  return Bundle::minimal().with_namespace("network").probe(command);
}

std::filesystem::path counter_of(const Box& box) {
  return box.rootfs().native() + kCounter;
}

int counted(const std::filesystem::path& file) {
  std::error_code absent;
  if (!std::filesystem::exists(file, absent)) return 0;
  return std::atoi(seatrial::read_file(file).c_str());
}

bool counts_beyond(const std::filesystem::path& file, int number) {
  const auto deadline = std::chrono::steady_clock::now() + scaled(10s);
  const seatrial::UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string directory = file.parent_path();
  if (::inotify_add_watch(watch.get(), directory.c_str(), IN_MODIFY | IN_CREATE) < 0) return false;
  char events[4096];
  while (counted(file) <= number) {
    if (!seatrial::sys::wait_readable(watch.get(), deadline)) return false;
    while (::read(watch.get(), events, sizeof events) > 0) continue;
  }
  return true;
}

std::string images_of(const Box& box) {
  return box.bundle() / "images";
}

Outcome checkpoint(Subject& subject, const Box& box, const std::vector<std::string>& options) {
  return subject.command(words({"checkpoint", "--image-path", images_of(box)}, options, box));
}

Restored::Restored(Subject& subject, const Box& box, const std::vector<std::string>& options)
    : outcome_(subject.command(words({"restore", "--detach", "--bundle", box.bundle(),
                                      "--image-path", images_of(box), "--pid-file", pid_file(box)},
                                     options, box))) {
  if (outcome_.succeeded()) {
    process_ = seatrial::harness::Orphan(std::stoi(seatrial::read_file(pid_file(box))));
  }
}

Restored::~Restored() {
  if (!outcome_.succeeded()) return;
  process_.send_signal(SIGKILL);
  process_.wait(scaled(5s));
}

RoundTrip::RoundTrip(Subject& subject, const Bundle& bundle, const TripOptions& options,
                     Where where)
    : box_(start(subject, bundle)) {
  const std::filesystem::path file = options.counter.empty() ? counter_of(box_) : options.counter;
  EXPECT_TRUE(counts_beyond(file, 0));
  if (options.before) options.before(box_);
  const Outcome written = checkpoint(subject, box_, options.both);
  if (!written.succeeded()) throw Refusal("checkpoint was refused: " + describe(written), where);
  const int last = counted(file);
  restored_.emplace(subject, box_, options.both);
  const Outcome& outcome = restored_->outcome();
  if (!outcome.succeeded()) throw Refusal("restore was refused: " + describe(outcome), where);
  EXPECT_TRUE(counts_beyond(file, last));
}
