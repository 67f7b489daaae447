// The profile that was read last, with its text. An engine gives container after container the same
// linux.seccomp, nine tenths of a usual config.json: to compare its text is much quicker than to
// parse it again.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "engine/spec/config.h"

namespace seatrial::spec {

class KnownSeccomp {
 public:
  // A config.json with null instead of its profile, and what that profile says.
  struct Cut {
    std::string json;
    Seccomp profile;
  };

  // Nothing where `json` has no profile, or not the known one byte by byte. `json` need not be
  // valid: it is so exactly where the result is.
  std::optional<Cut> cut_from(std::string_view json) const;

  // `json` was parsed, and `profile` is what its linux.seccomp says.
  void remember(std::string_view json, const Seccomp& profile);

 private:
  struct Profile {
    std::string text;  // as it stood in the document, an object
    Seccomp profile;
  };

  std::shared_ptr<const Profile> last() const;

  mutable std::mutex mutex_;  // for last_ alone: several threads may parse
  std::shared_ptr<const Profile> last_;
};

}  // namespace seatrial::spec
