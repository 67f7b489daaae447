// Who the process is, and what it brings along: ids, environment, keys, privileges.
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/fixtures/case_site.h"
#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

// "Uid:\t1\t2\t3\t4" of a /proc/PID/status.
std::vector<long> ids_in(const std::string& status, const std::string& key) {
  std::istringstream lines(status);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key + ":")) continue;
    std::istringstream words(line.substr(key.size() + 1));
    std::vector<long> ids;
    for (long id = 0; words >> id;) ids.push_back(id);
    return ids;
  }
  return {};
}

// A key of root's that anybody with root's number may read, as long as this lives.
// Under a name of its own: adding a second key of one name to a keyring gives the first one again.
class HostKey {
 public:
  HostKey() {
    constexpr long kUserKeyring = -4;
    const std::string name = current_site().directory.filename();
    serial_ = ::syscall(SYS_add_key, "user", name.c_str(), "secret", 6, kUserKeyring);
    constexpr long kSetPermissions = 5;
    constexpr long kAllForUser = 0x3f3f0000;
    if (serial_ >= 0) ::syscall(SYS_keyctl, kSetPermissions, serial_, kAllForUser);
  }
  HostKey(const HostKey&) = delete;
  HostKey& operator=(const HostKey&) = delete;
  ~HostKey() {
    constexpr long kInvalidate = 21;
    if (serial_ >= 0) ::syscall(SYS_keyctl, kInvalidate, serial_);
  }

  bool made() const { return serial_ >= 0; }
  std::string serial() const { return std::to_string(serial_); }

 private:
  long serial_ = -1;
};

constexpr const char* kKeyctl = "250";
constexpr const char* kDescribe = "6";
constexpr const char* kRead = "11";

}  // namespace

TRIAL(NoNewPrivileges, MakeSetUserIdProgramsGainNothing,
      Clauses{"security/processes/no-new-privileges"}) {
  const auto euid_through_set_user_id = [&](const ContainerDraft& draft) {
    const std::string id = hold(draft);
    exec(id, {{"chmod", "/probe", "4755"}});
    return exec(id, {{"setuid", "/probe"}}, {.user = "100:100"})
        .answer("setuid", "/probe")
        .number("euid");
  };
  EXPECT_EQ(euid_through_set_user_id({}), 0);  // control
  EXPECT_EQ(euid_through_set_user_id({.security_opt = {"no-new-privileges"}}), 100);
}

TRIAL(NoNewPrivileges, AreSetInRunAndExec, Clauses{"security/processes/no-new-privileges"}) {
  const ContainerDraft bound{.security_opt = {"no-new-privileges"}};
  const std::string id = hold(bound);
  EXPECT_FALSE(report(probe({{"status"}})).status().no_new_privileges);  // control
  EXPECT_TRUE(report(probe(bound, {{"status"}})).status().no_new_privileges);
  EXPECT_TRUE(exec(id, {{"status"}}).status().no_new_privileges);
  EXPECT_TRUE(exec(id, {{"status"}}, {.user = "100"}).status().no_new_privileges);
}

// Without a user namespace the numbers inside are the host's: CVE-2016-3697 had a name looked up.
TRIAL(Ids, OnTheHostAreTheOnesThatWereAskedFor, Clauses{"security/processes/user-ids"}) {
  const std::string id = hold({.user = "100:200"});
  const std::string status = seatrial::read_file(hosts_view(id, "status"));
  EXPECT_THAT(ids_in(status, "Uid"), ElementsAre(100, 100, 100, 100));
  EXPECT_THAT(ids_in(status, "Gid"), ElementsAre(200, 200, 200, 200));
  EXPECT_EQ(exec(id, {{"status"}}, {.user = "7:8"}).status().uid, 7);
  const std::string roots = seatrial::read_file(hosts_view(hold(), "status"));
  EXPECT_THAT(ids_in(roots, "Uid"), ElementsAre(0, 0, 0, 0));  // control
}

// The image's /etc/group puts the user into 500; root's of the host are nobody's.
TRIAL(Groups, AreThoseOfTheContainersFile, Clauses{"security/processes/supplementary-groups"}) {
  const std::string id = hold();
  const ProcessStatus run = report(probe({.user = "user"}, {{"status"}})).status();
  for (const ProcessStatus& seen : {run, exec(id, {{"status"}}, {.user = "user"}).status()}) {
    EXPECT_EQ(seen.uid, 1000);
    EXPECT_THAT(seen.groups, Contains(500));
    EXPECT_THAT(seen.groups, Each(AnyOf(500, 1000)));
  }
  const ProcessStatus added =
      report(probe({.user = "100:100", .group_add = {"777"}}, {{"status"}})).status();
  EXPECT_THAT(added.groups, Contains(777));
  EXPECT_THAT(added.groups, Each(AnyOf(777, 100)));
}

// CVE-2022-36109: without the primary group among the groups, a file's rule against it is void.
TRIAL(Groups, HaveThePrimaryOne, Clauses{"security/processes/supplementary-groups"}) {
  EXPECT_THAT(report(probe({.user = "user"}, {{"status"}})).status().groups, Contains(1000));
}

TRIAL(Environment, HasNothingOfTheCallersOrTheEngines,
      Clauses{"security/processes/no-inherited-environment"}) {
  ASSERT_NE(std::getenv(kVariable), nullptr);  // control: the caller has it
  ContainerDraft draft;
  draft.env = {"WISH=granted"};
  const std::string id = hold(draft);
  for (const Report& seen : {report(probe(draft, {{"env"}})), exec(id, {{"env"}})}) {
    EXPECT_THAT(seen.env(), Contains("WISH=granted"));  // control
    EXPECT_THAT(seen.env(),
                Each(AnyOf(StartsWith("PATH="), StartsWith("HOSTNAME="), StartsWith("HOME="),
                           StartsWith("TERM="), StartsWith("container="), StartsWith("WISH="),
                           StartsWith("PROBE_OUTSIDE="))));
  }
}

// Keyrings belong to user ids: root inside without a user namespace is the host's root to them.
TRIAL(Keys, OfTheHostAreOutOfReach, Clauses{"security/processes/keyring"}) {
  const HostKey key;
  if (!key.made()) throw Lack("this kernel keeps no keys");
  const Command describe{"syscall", kKeyctl, kDescribe, key.serial(), "0", "0"};
  const Command read{"syscall", kKeyctl, kRead, key.serial(), "0", "0"};
  const Report free = report(probe(unconfined(), {read}));
  EXPECT_THAT(free, Did("syscall", kKeyctl));  // control: only the engine stands between
  const Report seen = report(probe({describe, read, {"read", "/proc/keys"}}));
  for (const Answer& answer : seen.every("syscall", kKeyctl)) {
    EXPECT_FALSE(answer.ok()) << answer.dump();
  }
  EXPECT_THAT(seen, Read("/proc/keys", ""));
}

// The session keyring is what a program's keys go into: one for two containers would be a shelf.
TRIAL(Keys, OfTheSessionAreTheContainersOwn, Clauses{"security/processes/keyring"}) {
  const auto session = [&] { return report(probe(unconfined(), {{"keyring"}})).answer("keyring"); };
  const Answer first = session();
  if (first.error() == "ENOSYS") throw Lack("this kernel keeps no keys");
  constexpr long kGetId = 0, kSession = -3;
  EXPECT_NE(first.number("session"), ::syscall(SYS_keyctl, kGetId, kSession, 0));
  EXPECT_NE(first.number("session"), session().number("session"));
}

}  // namespace isolation
