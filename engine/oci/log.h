// Where the program says what went wrong: a line in the file of --log, and one on stderr.
#pragma once

#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/unique_fd.h"

namespace seatrial::oci {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kWarning, kError };

class Log {
 public:
  Log() = default;
  // Appends to `path`, mode 0644 when new. Throws Error naming it.
  Log(const std::filesystem::path& path, LogFormat format, bool debug);

  // Errors go to stderr as well. Warnings do where there is no file: a shim's runtime has the
  // container's stderr, and what it says there is in the container's log.
  // Never throws: there is nobody left to tell.
  void write(LogLevel level, std::string_view message) const noexcept;

 private:
  UniqueFd file_;
  LogFormat format_ = LogFormat::kText;
  bool debug_ = false;
};

// What the error says, with the kernel's words in small letters, as runc has them: docker and its
// shims look for "no such file or directory", "permission denied" and "not a directory". Of a
// program that is not on $PATH, as runc, without these words.
std::string sentence_of(const std::exception& failure);

// {"level":"error","msg":"...","time":"2025-..."}: what containerd reads back.
std::string log_line(LogFormat format, LogLevel level, std::string_view message,
                     std::string_view time);

}  // namespace seatrial::oci
