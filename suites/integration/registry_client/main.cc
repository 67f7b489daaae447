#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "harness/fixtures/suite_main.h"

using namespace seatrial::harness;  // NOLINT: a program's main

namespace {

// Registries listen on the loopback interface of the case's own network namespace.
void bring_in(CaseSite&, const TargetInfo*) {
  const seatrial::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!fd || ::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) {
    throw seatrial::sys_error(errno, "raise the loopback interface");
  }
}

TargetInfo describe(CaseSite& site) {
  return {.spec = site.target_spec,
          .name = "seatrial",
          .version = SEATRIAL_VERSION,
          .oci_version = {},
          .features = {},
          .missing = {}};
}

}  // namespace

int main(int argc, char** argv) {
  return suite_main(argc, argv, "registry_client",
                    {.targets = {"reference"}, .bring_in = bring_in, .describe = describe});
}
