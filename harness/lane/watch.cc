#include "harness/lane/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/base/error.h"

namespace seatrial::lane {
namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr std::string_view kPanic = "Kernel panic - not syncing: ";
constexpr std::string_view kFault = "lane: ";  // init, before it has a port

// Behind the time that the kernel puts in front: "[    7.647797] ".
std::string_view message(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  const std::size_t end = line.find("] ");
  return line.starts_with('[') && end != std::string_view::npos ? line.substr(end + 2) : line;
}

// A path that stays below where it is put.
bool stays_below(std::string_view path) {
  if (path.empty() || path.starts_with('/')) return false;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return true;
}

}  // namespace

Watch::Watch(Sinks sinks, Limits limits, Clock::time_point start)
    : sinks_(std::move(sinks)), limits_(limits), start_(start), heard_(start) {}

void Watch::decide(VerdictKind kind, std::string sentence, int code) {
  if (!verdict_) verdict_ = Verdict{.kind = kind, .code = code, .sentence = std::move(sentence)};
}

void Watch::console(std::string_view bytes, Clock::time_point now) {
  heard_ = now;
  for (const char c : bytes) {
    if (c == '\n') {
      line(message(line_));
      line_.clear();
    } else if (line_.size() < kLongestLine) {
      line_ += c;
    }
  }
}

void Watch::line(std::string_view text) {
  if (text.empty()) return;
  last_line_ = text;
  if (text.starts_with(kPanic) && panic_.empty()) panic_ = text.substr(kPanic.size());
  // A limit of a control group reads "Memory cgroup out of memory": that is the job's own affair.
  if (text.starts_with("Out of memory: ")) out_of_memory_ = text;
  if (text.starts_with(kFault)) decide(VerdictKind::kBroken, std::string(text));
}

void Watch::results(std::string_view bytes, Clock::time_point now) {
  heard_ = now;
  pending_ += bytes;
  std::size_t at = 0;
  while (!verdict_ && pending_.size() - at >= sizeof(wire::FrameHeader)) {
    wire::FrameHeader header;
    std::memcpy(&header, pending_.data() + at, sizeof header);
    if (header.length > wire::kMaxFrame) {
      decide(VerdictKind::kBroken, "the machine's results are garbled");
      break;
    }
    const std::size_t whole = sizeof header + header.length;
    if (pending_.size() - at < whole) break;
    frame(header.type, std::string_view(pending_).substr(at + sizeof header, header.length));
    at += whole;
  }
  pending_.erase(0, at);
}

void Watch::frame(wire::FrameType type, std::string_view payload) {
  using enum wire::FrameType;
  alive_ = true;
  switch (type) {
    case kAlive:
      return;
    case kStdout:
      sinks_.standard_output(payload);
      return;
    case kStderr:
      sinks_.standard_error(payload);
      return;
    case kFile:
      file(payload);
      return;
    case kBytes:
      sinks_.bytes(payload);
      return;
    case kExited:
    case kKilled:
      finish(type, payload);
      return;
    case kFault:
      decide(VerdictKind::kBroken, fmt::format("lane: {}", payload));
      return;
  }
  decide(VerdictKind::kBroken, "the machine's results are garbled");
}

void Watch::file(std::string_view name) {
  const std::size_t slash = std::min(name.find('/'), name.size());
  std::size_t index = 0;
  const auto [end, wrong] = std::from_chars(name.data(), name.data() + slash, index);
  const std::string_view path = name.substr(std::min(slash + 1, name.size()));
  if (wrong != std::errc{} || end != name.data() + slash || !stays_below(path)) {
    decide(VerdictKind::kBroken, fmt::format("the machine names a file \"{}\"", name));
    return;
  }
  sinks_.file(index, path);
}

void Watch::finish(wire::FrameType type, std::string_view payload) {
  wire::Status status;
  if (payload.size() != sizeof status) {
    decide(VerdictKind::kBroken, "the machine's results are garbled");
    return;
  }
  std::memcpy(&status, payload.data(), sizeof status);
  if (type == wire::FrameType::kExited) {
    decide(VerdictKind::kExited, "", status.code);
  } else if (!out_of_memory_.empty()) {
    decide(VerdictKind::kOutOfMemory,
           fmt::format("the machine ran out of memory, and the job was killed: {}", out_of_memory_),
           status.code);
  } else {
    decide(VerdictKind::kKilled, fmt::format("the job was killed by signal {}", status.code),
           status.code);
  }
}

void Watch::complaint(std::string_view bytes) {
  if (complaint_.size() < kLongestLine) complaint_ += bytes;
}

void Watch::time(Clock::time_point now) {
  const auto seconds = [](auto duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  };
  if (now >= start_ + limits_.deadline) {
    decide(VerdictKind::kTimeout,
           fmt::format("the job had not ended after {} s", seconds(limits_.deadline)));
  } else if (now >= heard_ + silence()) {
    decide(VerdictKind::kHang,
           fmt::format("the machine hangs: no sign of life for {} s{}", seconds(silence()),
                       last_line_.empty() ? "" : fmt::format(", the last was: {}", last_line_)));
  }
}

Watch::Clock::time_point Watch::next() const {
  return std::min(start_ + limits_.deadline, heard_ + silence());
}

void Watch::ended() {
  line(message(line_));
  if (!panic_.empty() && !out_of_memory_.empty()) {
    decide(VerdictKind::kOutOfMemory,
           fmt::format("the machine ran out of memory, and its kernel panicked: {}", panic_));
  } else if (panic_.starts_with("System is deadlocked on memory")) {
    decide(VerdictKind::kOutOfMemory,
           fmt::format("the machine ran out of memory, and its kernel panicked: {}", panic_));
  } else if (!panic_.empty()) {
    decide(VerdictKind::kPanic, fmt::format("the kernel panicked: {}", panic_));
  } else {
    const std::string& said = complaint_.empty() ? last_line_ : complaint_;
    decide(VerdictKind::kBroken,
           fmt::format("the machine ended without a result{}{}", said.empty() ? "" : ": ",
                       said.substr(0, said.find('\n'))));
  }
}

}  // namespace seatrial::lane
