#include "suites/security/isolation/isolation_case.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cstdlib>

#include "engine/base/error.h"

namespace isolation {
namespace {

std::vector<SweepCall> those_named(const std::vector<std::string>& labels,
                                   const std::vector<SweepCall>& all) {
  if (all.empty()) throw Lack("the sweep's data knows no numbers of this machine's system calls");
  std::vector<SweepCall> found;
  for (const std::string& label : labels) {
    const auto call = std::find_if(all.begin(), all.end(),
                                   [&](const SweepCall& each) { return each.label == label; });
    if (call == all.end()) {
      throw seatrial::error(seatrial::Kind::kInternal, "the sweep does not know {}", label);
    }
    found.push_back(*call);
  }
  return found;
}

}  // namespace

Planted::Planted() {
  ::setenv(kVariable, "of the caller", 1);
  // Without close-on-exec, and with numbers that nobody gave them by chance.
  for (const char* path : {"/", "/proc/self/exe", "/etc/passwd"}) {
    const seatrial::UniqueFd low(::open(path, O_RDONLY | O_CLOEXEC));
    descriptors_.emplace_back(::fcntl(low.get(), F_DUPFD, 40));
  }
  descriptors_.emplace_back(::socket(AF_UNIX, SOCK_STREAM, 0));
}

Planted::~Planted() {
  ::unsetenv(kVariable);
}

Profile Trial::profile() {
  return profile_of(engine().name(), engine().version());
}

bool Trial::is_podman() {
  return engine().name() == "podman";
}

ContainerDraft Trial::unconfined(const std::vector<std::string>& capabilities) {
  return {.cap_add = capabilities, .security_opt = {"seccomp=unconfined"}};
}

std::map<std::string, std::string> Trial::sweep(ContainerDraft draft,
                                                const std::vector<SweepCall>& calls,
                                                const char* command, Where where) {
  Command words{command};
  for (const SweepCall& call : calls) words.push_back(call.operand);
  const Report seen = report(probe(std::move(draft), {words}), where);
  std::map<std::string, std::string> outcomes;
  for (const Answer& answer : seen.answers()) {
    if (!answer.has("operand")) continue;
    const std::string signal =
        answer.has("signal") ? fmt::format("signal {}", answer.number("signal")) : "";
    outcomes[answer.text("operand")] = answer.ok() ? signal : answer.error();
  }
  if (outcomes.size() == calls.size()) return outcomes;
  throw EngineFailure(
      fmt::format("the sweep ended after {} of {} calls", outcomes.size(), calls.size()), where);
}

std::vector<SweepCall> calls_named(const std::vector<std::string>& labels) {
  return those_named(labels, sweep_calls());
}

std::vector<SweepCall> calls_32_named(const std::vector<std::string>& labels) {
  return those_named(labels, sweep_calls_32());
}

}  // namespace isolation
