// Compiled seccomp profiles on disk: libseccomp takes some 10 ms for a usual profile, to read its
// result again next to nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "engine/spec/config.h"

namespace seatrial::security {

// A directory of files, each with a profile and its program. Used by several processes at once:
// files are replaced as a whole. A directory that others may write in, or that is another user's,
// is not trusted: then, as where nothing can be written, every use compiles. What cannot be read,
// was cut short or changed is compiled again.
class SeccompCache {
 public:
  explicit SeccompCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // compile(profile), from the cache where it is there. Throws what compile() throws.
  std::string get(const spec::Seccomp& profile) const;

 private:
  struct Entry {
    spec::Seccomp profile;
    std::string program;
  };

  std::string from_directory(const spec::Seccomp& profile) const;

  std::filesystem::path directory_;
  mutable std::mutex mutex_;                   // for last_ alone
  mutable std::shared_ptr<const Entry> last_;  // what this process used last
};

}  // namespace seatrial::security
