// Any text yields a resolv.conf that reads as itself, without loopback; and what parses as an
// address prints as what was parsed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/error.h"
#include "engine/network/address.h"
#include "engine/network/texts.h"

namespace {

using seatrial::network::to_string;

template <typename Parse>
void check_round_trip(std::string_view text, Parse parse) {
  try {
    const auto value = parse(text);
    if (parse(to_string(value)) != value) std::abort();
  } catch (const seatrial::Error&) {  // refused, as most are
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string once = seatrial::network::resolv_conf(text);
  if (seatrial::network::resolv_conf(once) != once) std::abort();
  if (once.find("nameserver 127.") != once.npos) std::abort();
  check_round_trip(text, &seatrial::network::parse_ipv4);
  check_round_trip(text, &seatrial::network::parse_subnet);
  check_round_trip(text, &seatrial::network::parse_mac);
  return 0;
}
