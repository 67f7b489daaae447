// What an engine is made of besides containers: its sockets, its libraries.
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/unique_fd.h"
#include "suites/security/regressions_engine/escape_case.h"

namespace regressions_engine {
namespace {

using seatrial::UniqueFd;

// A throwaway thread enters there.
UniqueFd listen_abstract(const std::filesystem::path& network, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  UniqueFd made;
  int failure = 0;
  std::thread([&] {
    const UniqueFd place(::open(network.c_str(), O_RDONLY | O_CLOEXEC));
    if (!place || ::setns(place.get(), CLONE_NEWNET) != 0) {
      failure = errno;
      return;
    }
    made = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(made.get(), 8) != 0) {
      failure = errno;
    }
  }).join();
  if (failure != 0) throw seatrial::sys_error(failure, "listen on @{}", name);
  return made;
}

// The abstract names in /proc/net/unix on which somebody listens: the fourth column has
// __SO_ACCEPTCON.
std::vector<std::string> listening_names(const std::string& sockets) {
  constexpr unsigned long kAccepts = 0x10000;
  std::vector<std::string> names;
  std::istringstream lines(sockets);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> columns;
    for (std::string word; words >> word;) columns.push_back(word);
    if (columns.size() < 8 || columns[7][0] != '@') continue;
    if ((std::stoul(columns[3], nullptr, 16) & kAccepts) != 0) {
      names.push_back(columns[7].substr(1));
    }
  }
  return names;
}

}  // namespace

// containerd's shims listened under abstract names, which belong to the network namespace: a
// container in the host's could tell them what to run.
TRIAL(AbstractSockets, OfTheEngineTakeNobodyIn, Clauses{"security/cve-2020-15257"}) {
  const std::string planted = canary().name();
  const UniqueFd listener =
      listen_abstract("/proc/" + std::to_string(engines_place()) + "/ns/net", planted);
  const std::string neighbour = run(sleeper());  // what the engine starts for one stands, too
  const Report list = probed({.network = "host"}, {{"read", "/proc/net/unix"}});
  const std::vector<std::string> names = listening_names(list.content("/proc/net/unix"));
  EXPECT_THAT(names, Contains(planted));  // control: they are seen, ...
  std::vector<std::string> attempt{"connect_abstract"};
  attempt.insert(attempt.end(), names.begin(), names.end());
  const Report seen = probed({.network = "host"}, {attempt});
  EXPECT_THAT(seen, Did("connect_abstract", planted));  // ... and take in whoever comes
  for (const std::string& name : names) {
    if (name == planted) continue;
    EXPECT_THAT(seen, Failed("connect_abstract", name, "ECONNREFUSED"));
  }
  engine().kill(neighbour, SIGKILL);
}

}  // namespace regressions_engine
