#include "suites/integration/network/network_case.h"

#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/engine_failure.h"
#include "harness/fixtures/case_site.h"

namespace network_suite {
namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";

// Long enough for a busy machine where somebody must answer; short where nobody may.
constexpr auto kAnswers = 10s;
constexpr auto kHears = 5s;  // from inside, where each try starts a program
constexpr auto kAsksAgain = 1s;
constexpr auto kStaysSilent = 400ms;

}  // namespace

// The case's mounts are private.
HostSide::HostSide() {
  const std::filesystem::path file = current_site().directory / "resolv.conf";
  seatrial::write_file_atomically(file,
                                  fmt::format("search example\nnameserver {}\n", kNameserver));
  if (::mount(file.c_str(), kResolvConf, nullptr, MS_BIND, nullptr) != 0) {
    throw seatrial::sys_error(errno, "mount {} on {}", file.native(), kResolvConf);
  }
}

HostSide::~HostSide() {
  ::umount2(kResolvConf, MNT_DETACH);
}

ContainerDraft Trial::answering(const std::string& word, std::uint16_t port,
                                const std::string& protocol) {
  return {.cmd = {"/probe", "serve", protocol, std::to_string(port), word},
          .mounts = {{.type = "bind",
                      .source = current_site().probe,
                      .target = "/probe",
                      .read_only = true}},
          .network = "default"};
}

ContainerDraft Trial::member(const std::string& network, const std::string& word) {
  ContainerDraft draft = answering(word);
  draft.name = word;
  draft.network = network;
  return draft;
}

std::string Trial::up(const ContainerDraft& draft, Where where) {
  const std::string id = run(draft, where);
  await_output(id, "serve", where);
  return id;
}

std::string Trial::address(const std::string& container, const std::string& in, Where where) {
  const std::string place = in.empty() ? "" : "/Networks/" + in;
  return fact(container, "/NetworkSettings" + place + "/IPAddress", where);
}

std::uint16_t Trial::published(const std::string& container, const std::string& port, Where where) {
  std::string name = port;
  name.replace(name.find('/'), 1, "~1");
  const std::string text = fact(container, "/NetworkSettings/Ports/" + name + "/0/HostPort", where);
  const int number = std::atoi(text.c_str());
  if (number < 1 || number > 65535) {
    throw EngineFailure("inspect shows \"" + text + "\" as a port of the host", where);
  }
  return static_cast<std::uint16_t>(number);
}

std::string Trial::inside(const std::string& container, const std::vector<std::string>& args,
                          Where where) {
  const DockerExecEnd end = engine().exec(container, {.args = args});
  if (end.code == 0) return end.output.out;
  throw EngineFailure(
      fmt::format("{} in the container ended with {}: {}", args.front(), end.code, end.output.err),
      where);
}

std::vector<std::string> Trial::interfaces(const std::string& container, Where where) {
  std::vector<std::string> names;
  std::istringstream lines(inside(container, {"cat", "/proc/net/dev"}, where));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');  // headings have none
    const std::size_t begin = line.find_first_not_of(' ');
    if (colon != std::string::npos) names.push_back(line.substr(begin, colon - begin));
  }
  std::ranges::sort(names);
  return names;
}

std::string Trial::hears(const std::string& container, const std::string& whom,
                         std::uint16_t port) {
  const DockerExec ask{.args = {"nc", "-w", "2", whom, std::to_string(port)}};
  const auto end = std::chrono::steady_clock::now() + scaled(kHears);
  std::string answer = engine().exec(container, ask).output.out;
  while (answer.empty() && std::chrono::steady_clock::now() < end) {
    answer = engine().exec(container, ask).output.out;
  }
  return answer;
}

bool Trial::hears_nothing(const std::string& container, const std::string& whom,
                          std::uint16_t port) {
  const DockerExec ask{.args = {"nc", "-w", "1", whom, std::to_string(port)}};
  return engine().exec(container, ask).output.out.empty();
}

std::string Trial::answer_of(int from, const Service& service) {
  const auto end = std::chrono::steady_clock::now() + scaled(kAnswers);
  for (;;) {
    std::string answer = ask(from, service, kAsksAgain);
    if (!answer.empty() || std::chrono::steady_clock::now() > end) return answer;
    std::this_thread::sleep_for(5ms);  // a refusal comes at once
  }
}

void Trial::await_links(const std::vector<std::string>& links, Where where) {
  const auto end = std::chrono::steady_clock::now() + scaled(kAnswers);
  std::vector<std::string> now = HostNetwork::links();
  while (now != links && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(5ms);
    now = HostNetwork::links();
  }
  if (now == links) return;
  throw EngineFailure(fmt::format("the host has the links {} where it should have {}",
                                  ::testing::PrintToString(now), ::testing::PrintToString(links)),
                      where);
}

bool Trial::is_silent(int from, const Service& service) {
  return ask(from, service, kStaysSilent).empty();
}

}  // namespace network_suite
