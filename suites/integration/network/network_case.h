// What cases of networks share: the case's own namespace as the engine's host, containers that
// answer over the network, and looks from inside.
#pragma once

#include <string>
#include <string_view>

#include "harness/fixtures/engine_case.h"
#include "harness/fixtures/host_network.h"

namespace network_suite {

using engine_suite::Ended;
using engine_suite::Error;
using engine_suite::Kind;
using engine_suite::Where;

// What any engine takes for the host's, in place before a daemon starts.
class HostSide {
 public:
  // Nobody listens there, which whoever asks is told at once.
  static constexpr const char* kNameserver = HostNetwork::kAddress;

  HostSide();
  HostSide(const HostSide&) = delete;
  HostSide& operator=(const HostSide&) = delete;
  ~HostSide();

  HostNetwork world;
};

class Trial : protected HostSide, public engine_suite::Trial {
 public:
  // Answers "WORD ADDRESS-OF-THE-ASKER\n" on the port, and has busybox beside it.
  static ContainerDraft answering(const std::string& word, std::uint16_t port = 80,
                                  const std::string& protocol = "tcp");
  // The same as a member of the network, under the word as its name.
  static ContainerDraft member(const std::string& network, const std::string& word);

 protected:
  Trial() : engine_suite::Trial({TestImage::kBusybox}, EngineService::Network::kCaller) {}

  int here() const { return world.here(); }
  int outside() const { return world.outside(); }
  // Runs one that answers, until it does.
  std::string up(const ContainerDraft& draft, Where where = Where::current());

  // Its address, by inspect; of the first network where none is named.
  std::string address(const std::string& container, const std::string& in = {},
                      Where where = Where::current());
  // The one port of the host that leads to the container's port.
  std::uint16_t published(const std::string& container, const std::string& port,
                          Where where = Where::current());
  // What a program inside writes; it must end well.
  std::string inside(const std::string& container, const std::vector<std::string>& args,
                     Where where = Where::current());
  // The names of the interfaces inside, sorted.
  std::vector<std::string> interfaces(const std::string& container, Where where = Where::current());
  // What a program inside hears from port 80 (or another) there. Asks again until there is an
  // answer: no document says when a new name is known.
  std::string hears(const std::string& container, const std::string& whom, std::uint16_t port = 80);
  bool hears_nothing(const std::string& container, const std::string& whom,
                     std::uint16_t port = 80);
  // What somebody outside of all containers hears: `from` is here() or outside(). Asks again until
  // there is an answer.
  static std::string answer_of(int from, const Service& service);
  static bool is_silent(int from, const Service& service);
  // Until the host has these links and no others: the kernel takes those away in its own time whose
  // other end lay in a namespace that has gone.
  static void await_links(const std::vector<std::string>& links, Where where = Where::current());
};

}  // namespace network_suite
