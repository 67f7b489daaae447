// SCMP_ACT_NOTIFY: who hears of a call, what it is told, and that its answer counts.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "engine/base/files.h"
#include "engine/sys/packet.h"
#include "engine/sys/unix_path.h"
#include "harness/fixtures/answering_thread.h"
#include "harness/fixtures/case.h"

namespace {

using Json = nlohmann::json;
using seatrial::UniqueFd;

// What came over one connection.
struct Handed {
  Json state;
  std::size_t descriptors = 0;
  bool hung_up = false;  // nothing came after the state
  pid_t caller = 0;      // of the call that was answered; 0: none came
};

// Listens at a socket, and answers the first mkdir of each filter that is handed over with EXDEV,
// an error that no mkdir of the cases has by itself. Whatever else is told of goes on.
class Agent {
 public:
  // `directory` holds nothing of the socket's name yet.
  explicit Agent(const std::string& directory)
      : path_(directory + "/agent.sock"),
        thread_(listen(directory), [this](int socket) { take(socket); }) {}

  const std::string& path() const { return path_; }

  std::vector<Handed> handed() {
    const std::lock_guard lock(mutex_);
    return handed_;
  }

 private:
  static UniqueFd listen(const std::string& directory) {
    const UniqueFd opened = seatrial::open_file(directory, O_DIRECTORY | O_PATH);
    return seatrial::sys::listen_at(opened.get(), "agent.sock", seatrial::sys::SocketType::kStream);
  }

  void take(int socket) {
    const UniqueFd connection(::accept4(socket, nullptr, nullptr, SOCK_CLOEXEC));
    auto packet = seatrial::sys::receive_packet(connection.get(), kMostBytes);
    if (!packet) return;
    Handed handed{.state = Json::parse(packet->bytes, nullptr, false),
                  .descriptors = packet->descriptors.size()};
    handed.hung_up = !seatrial::sys::receive_packet(connection.get(), kMostBytes);
    // Before the answer: whoever has seen what comes of it is to find this here.
    const std::lock_guard lock(mutex_);
    if (handed.descriptors == 1) handed.caller = answer(packet->descriptors.front().get());
    handed_.push_back(std::move(handed));
  }

  static pid_t answer(int listener) {
    constexpr int kDeadlineMs = 10'000;
    for (;;) {
      pollfd entry{listener, POLLIN, 0};
      if (::poll(&entry, 1, kDeadlineMs) != 1) return 0;
      seccomp_notif call{};
      if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return 0;
      const bool wanted = call.data.nr != SYS_sendmsg && call.data.nr != SYS_recvfrom;
      seccomp_notif_resp response{.id = call.id,
                                  .val = 0,
                                  .error = wanted ? -EXDEV : 0,
                                  .flags = wanted ? 0 : __u32{SECCOMP_USER_NOTIF_FLAG_CONTINUE}};
      ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
      if (wanted) return static_cast<pid_t>(call.pid);
    }
  }

  static constexpr std::size_t kMostBytes = 64 * 1024;

  std::string path_;
  std::mutex mutex_;
  std::vector<Handed> handed_;
  seatrial::harness::AnsweringThread thread_;
};

Bundle notifying(const std::string& path) {
  return Bundle::minimal()
      .set_json("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW",
          "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]})")
      .set("/linux/seccomp/listenerPath", path)
      .set("/linux/seccomp/listenerMetadata", "berth \"7\"");
}

struct Privileges {
  std::string name;
  Clauses clauses;
  bool no_new_privileges;
  Needs needs{Feature::kSeccomp, Feature::kSpec11};
};

const Privileges kPrivileges[] = {
    {"WithPrivileges",
     {"runtime/seccomp/listener-path", "runtime/seccomp/listener-stream-socket",
      "runtime/seccomp/listener-descriptor", "runtime/seccomp/listener-metadata",
      "runtime/seccomp/listener-one-state", "runtime/seccomp/listener-closed",
      "runtime/seccomp/act-notify", "runtime/seccomp/state-descriptors",
      "runtime/seccomp/state-json", "runtime/seccomp/state-oci-version",
      "runtime/seccomp/state-fds", "runtime/seccomp/state-pid", "runtime/seccomp/state-state"},
     false},
    {"WithNoNewPrivileges",
     {"runtime/seccomp/listener-path", "runtime/seccomp/listener-descriptor"},
     true},
};

}  // namespace

TRIAL_TABLE(SeccompListener, kPrivileges) {
  Agent agent(scratch_dir("agent"));
  auto box = target().run(notifying(agent.path())
                              .set("/process/noNewPrivileges", row().no_new_privileges)
                              .probe({"mkdir", "/made"})
                              .probe({"hold"}));
  EXPECT_EQ(box.report().answer("mkdir").error(), "EXDEV");
  const std::vector<Handed> handed = agent.handed();
  ASSERT_EQ(handed.size(), 1U);
  const Handed& first = handed.front();
  EXPECT_EQ(first.descriptors, 1U);
  EXPECT_TRUE(first.hung_up);
  EXPECT_EQ(first.caller, box.pid());
  EXPECT_EQ(first.state.at("fds"), Json::array({"seccompFd"}));
  EXPECT_EQ(first.state.at("pid"), box.pid());
  EXPECT_EQ(first.state.at("metadata"), "berth \"7\"");
  EXPECT_TRUE(first.state.at("ociVersion").is_string());
  EXPECT_EQ(first.state.at("state").at("id"), box.id());
  EXPECT_EQ(first.state.at("state").at("bundle"), box.bundle().native());
}

TRIAL(SeccompListener, HearsOfAnExecutedProcessOverAnotherConnection,
      Clauses{"runtime/seccomp/listener-not-reused", "runtime/seccomp/listener-one-state"},
      Needs{Feature::kSeccomp, Feature::kSpec11, Feature::kExec}) {
  Agent agent(scratch_dir("agent"));
  auto box = target().run(notifying(agent.path()).probe({"mkdir", "/made"}).probe({"hold"}));
  EXPECT_EQ(box.report().answer("mkdir").error(), "EXDEV");  // control
  const auto executed = box.exec({"mkdir", "/made"});
  EXPECT_EQ(executed.report().answer("mkdir").error(), "EXDEV");
  const std::vector<Handed> handed = agent.handed();
  ASSERT_EQ(handed.size(), 2U);
  EXPECT_TRUE(handed.front().hung_up);
  EXPECT_EQ(handed.back().state.at("pid"), handed.back().caller);
  EXPECT_NE(handed.back().state.at("pid"), box.pid());
  EXPECT_EQ(handed.back().state.at("state").at("pid"), box.pid());
}

// sendmsg and recvfrom are no calls of the program's here: an engine that needs them behind the
// filter, to hand the descriptor over, must not wait for itself.
TRIAL(SeccompListener, MayHoldUpCallsOfTheEngineItself,
      Clauses{"runtime/seccomp/listener-path", "runtime/seccomp/act-notify"},
      Needs{Feature::kSeccomp, Feature::kSpec11}) {
  Agent agent(scratch_dir("agent"));
  auto box = target().run(
      notifying(agent.path())
          .set_json("/linux/seccomp/syscalls", R"([{"action": "SCMP_ACT_NOTIFY", "names":
              ["mkdir", "mkdirat", "sendmsg", "recvfrom"]}])")
          .probe({"mkdir", "/made"})
          .probe({"hold"}));
  EXPECT_EQ(box.report().answer("mkdir").error(), "EXDEV");
  EXPECT_THAT(agent.handed(), SizeIs(1));
}

TRIAL(SeccompListener, ThatIsNotThereMakesCreateFail,
      Clauses{"runtime/seccomp/listener-failure", "runtime/errors/no-trace"},
      Needs{Feature::kSeccomp, Feature::kSpec11}) {
  const std::string directory = scratch_dir("agent");
  const Bundle bundle = notifying(directory + "/agent.sock").probe({"mkdir", "/made"});
  auto refused = target().try_create(bundle);
  EXPECT_THAT(refused, Refused());
  EXPECT_FALSE(refused.has_state_entry());
  Agent agent(directory);
  auto box = target().run(bundle);
  EXPECT_EQ(box.report().answer("mkdir").error(), "EXDEV");  // control
}

TRIAL(SeccompListener, IsNotAskedForWithoutNotifications,
      Clauses{"runtime/seccomp/listener-ignored"}, Needs{Feature::kSeccomp, Feature::kSpec11}) {
  auto box = target().run(
      Bundle::minimal()
          .set_json("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls":
              [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 18}]})")
          .set("/linux/seccomp/listenerPath", scratch_dir("agent") + "/nobody.sock")
          .probe({"mkdir", "/made"}));
  EXPECT_EQ(box.report().answer("mkdir").error(), "EXDEV");  // the filter is there
}
