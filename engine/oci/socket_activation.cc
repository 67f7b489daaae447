#include "engine/oci/socket_activation.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "engine/base/error.h"

namespace seatrial::oci {
namespace {

std::optional<unsigned> number_in(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return {};
  const std::string_view text = value;
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) {
    throw error(Kind::kInvalidArgument, "environment variable {}: '{}' is no number", variable,
                text);
  }
  return number;
}

}  // namespace

unsigned activated_fds() {
  const auto count = number_in("LISTEN_FDS");
  if (!count) return 0;
  if (number_in("LISTEN_PID") != static_cast<unsigned>(::getpid())) return 0;
  constexpr unsigned kMost = 1 << 20;  // what /proc/sys/fs/nr_open allows unless raised
  if (*count > kMost) {
    throw error(Kind::kInvalidArgument,
                "environment variable LISTEN_FDS: {} descriptors cannot be open", *count);
  }
  return *count;
}

}  // namespace seatrial::oci
