#include "engine/oci/log.h"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/runtime/rfc3339.h"
#include "engine/spec/json_writer.h"

namespace seatrial::oci {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      break;
  }
  return "error";
}

}  // namespace

std::string sentence_of(const std::exception& failure) {
  std::string sentence = failure.what();
  const auto* const error = dynamic_cast<const Error*>(&failure);
  if (error == nullptr || error->sys_errno() == 0) return sentence;
  constexpr std::string_view kAbsent = "executable file not found in $PATH";
  const std::size_t absent = sentence.rfind(kAbsent);
  if (error->sys_errno() == ENOENT && absent != sentence.npos) {
    return sentence.substr(0, absent + kAbsent.size());
  }
  const std::size_t words =
      sentence.rfind(fmt::format("({})", ::strerrordesc_np(error->sys_errno())));
  if (words == sentence.npos) return sentence;
  char& first = sentence[words + 1];
  if (first >= 'A' && first <= 'Z') first = static_cast<char>(first - 'A' + 'a');
  return sentence;
}

std::string log_line(LogFormat format, LogLevel level, std::string_view message,
                     std::string_view time) {
  if (format == LogFormat::kText) {
    return fmt::format("{} {}: {}\n", time, name_of(level), message);
  }
  spec::JsonWriter json(spec::Layout::kOneLine);
  json.begin_object();
  json.key("level").string(name_of(level));
  json.key("msg").string(message);
  json.key("time").string(time);
  json.end_object();
  return json.take() + "\n";
}

Log::Log(const std::filesystem::path& path, LogFormat format, bool debug)
    : format_(format), debug_(debug) {
  if (path.empty()) return;
  file_ = with_context(
      "log", [&] { return open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644); });
}

void Log::write(LogLevel level, std::string_view message) const noexcept {
  if (level == LogLevel::kDebug && !debug_) return;
  try {
    if (level == LogLevel::kError || !file_) {
      const std::string_view kind = level == LogLevel::kWarning ? "warning: " : "";
      write_all(2, fmt::format("seatrial-runtime: {}{}\n", kind, message), "stderr");
    }
    if (!file_) return;
    const std::string time = runtime::rfc3339(std::chrono::system_clock::now());
    write_all(file_.get(), log_line(format_, level, message, time), "the log");
  } catch (...) {
    // A full disk or a closed stderr must not hide the exit status.
  }
}

}  // namespace seatrial::oci
