// What of the host's network can be talked to.
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <thread>

#include "engine/base/error.h"
#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

using seatrial::UniqueFd;

// A network that a case is given has its loopback interface, but asleep.
int wake_loopback() {
  const UniqueFd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(control.get(), SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

// A socket that listens in the network that the engine lives in. A throwaway thread enters there.
UniqueFd listen_there(const std::filesystem::path& network, int family, const sockaddr* address,
                      socklen_t size) {
  UniqueFd made;
  int failure = 0;
  std::thread([&] {
    const UniqueFd there(::open(network.c_str(), O_RDONLY | O_CLOEXEC));
    if (!there || ::setns(there.get(), CLONE_NEWNET) != 0) {
      failure = errno;
      return;
    }
    failure = wake_loopback();
    made = UniqueFd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!made || ::bind(made.get(), address, size) != 0 || ::listen(made.get(), 8) != 0) {
      failure = errno;
    }
  }).join();
  if (failure != 0) throw seatrial::sys_error(failure, "listen in {}", network.native());
  return made;
}

}  // namespace

TRIAL(HostsLoopback, CannotBeReached, Clauses{"security/network/host-loopback"}) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const UniqueFd listener = listen_there(
      engines_view("ns/net"), AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Command connect{"connect", "127.0.0.1", std::to_string(ntohs(address.sin_port))};
  EXPECT_THAT(report(probe({.network = "host"}, {connect})),
              Did("connect", "127.0.0.1"));  // control
  EXPECT_THAT(report(probe({connect})), Failed("connect", "127.0.0.1", "ECONNREFUSED"));
}

// CVE-2020-15257: containerd's were there for every container in the host's network.
TRIAL(AbstractSockets, OfTheHostCannotBeReached, Clauses{"security/network/abstract-sockets"}) {
  const std::string name = "seatrial-" + std::to_string(::getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const UniqueFd listener = listen_there(engines_view("ns/net"), AF_UNIX,
                                         reinterpret_cast<const sockaddr*>(&address), size);
  const std::vector<Command> attempts{{"connect_abstract", name}, {"read", "/proc/net/unix"}};
  const Report shared = report(probe({.network = "host"}, attempts));
  EXPECT_THAT(shared, Did("connect_abstract", name));  // control
  EXPECT_THAT(shared, Read("/proc/net/unix", HasSubstr(name)));
  const Report seen = report(probe(attempts));
  EXPECT_THAT(seen, Failed("connect_abstract", name, "ECONNREFUSED"));
  EXPECT_THAT(seen, Read("/proc/net/unix", Not(HasSubstr(name))));
}

// The engine's own sockets must not be among what a container in the host's network can reach.
TRIAL(AbstractSockets, OfTheEngineAreNone, Clauses{"security/network/abstract-sockets"}) {
  const std::string id = hold({.network = "host"});
  const std::string sockets = exec(id, {{"read", "/proc/net/unix"}}).content("/proc/net/unix");
  EXPECT_THAT(sockets, HasSubstr("Path"));  // control: the list is read
  for (const char* word : {"containerd", "shim", "docker", "podman", "conmon", "seatrial"}) {
    EXPECT_THAT(sockets, Not(ContainsRegex("@[^ ]*" + std::string(word))));
  }
}

}  // namespace isolation
