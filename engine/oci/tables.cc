#include "engine/oci/tables.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/spawn.h"

namespace seatrial::oci {
namespace {

using Row = std::array<std::string, 6>;

std::string align(const std::vector<Row>& rows) {
  std::array<std::size_t, 6> widths{};
  for (const Row& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      line += fmt::format("{:<{}}", row[column], widths[column] + 3);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::string_view word_at(std::string_view line, std::size_t column) {
  for (std::size_t skipped = 0; skipped < column; ++skipped) next_word(line);
  return next_word(line);
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string find_ps() {
  for (const char* path : {"/usr/bin/ps", "/bin/ps", "/usr/local/bin/ps"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  throw error(Kind::kUnsupported, "ps --format table needs the program ps; --format json does not");
}

std::string run_ps(std::vector<std::string> options) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "pipe");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  sys::SpawnRequest request;
  request.path = find_ps();
  request.args = {"ps"};
  request.args.insert(request.args.end(), options.begin(), options.end());
  if (const char* path = std::getenv("PATH")) request.env = {fmt::format("PATH={}", path)};
  request.placements = {{0, 0}, {writer.get(), 1}, {2, 2}};
  const sys::PidFd child = sys::spawn(request);
  writer.reset();
  std::string text = read_all(reader.get(), "ps");
  child.wait_exit(std::nullopt);
  const auto end = child.reap();
  if (end && end->code != 0) {
    throw error(Kind::kInvalidArgument, "ps ended with status {}", end->code);
  }
  return text;
}

}  // namespace

std::string states_json(const std::vector<spec::State>& states) {
  std::string text = "[";
  for (const spec::State& state : states) {
    if (text.size() > 1) text += ",";
    text += spec::print_state(state);
  }
  return text + "]\n";
}

std::string states_table(const std::vector<spec::State>& states) {
  std::vector<Row> rows{{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const spec::State& state : states) {
    rows.push_back({state.id, std::to_string(state.pid), std::string(to_string(state.status)),
                    state.bundle, state.created, state.owner});
  }
  return align(rows);
}

std::string pids_json(const std::vector<pid_t>& pids) {
  return fmt::format("[{}]\n", fmt::join(pids, ","));
}

std::string only_processes(std::string_view text, const std::vector<pid_t>& pids) {
  const std::string_view header = next_line(text);
  std::string_view rest = header;
  std::size_t column = 0;
  for (;; ++column) {
    const std::string_view word = next_word(rest);
    if (word.empty()) throw error(Kind::kInvalidArgument, "ps printed no PID column: {}", header);
    if (word == "PID") break;
  }
  std::string result = fmt::format("{}\n", header);
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    const std::string_view word = word_at(line, column);
    const bool ours = std::any_of(pids.begin(), pids.end(),
                                  [&](pid_t pid) { return word == std::to_string(pid); });
    if (ours) result += fmt::format("{}\n", line);
  }
  return result;
}

std::string processes_table(const std::vector<pid_t>& pids, std::vector<std::string> options) {
  if (options.empty()) options = {"-ef"};
  return only_processes(run_ps(std::move(options)), pids);
}

}  // namespace seatrial::oci
