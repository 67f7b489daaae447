// Mount targets that another container exchanges for links while the engine walks to them. The
// number of tries is bounded: a pass says that none of them led out.
#include <fcntl.h>
#include <stdio.h>

#include <atomic>
#include <thread>

#include "suites/security/regressions/regression_case.h"

namespace regressions {
namespace {

constexpr int kTries = 12;

// Exchanges two names without end, as who holds the volume may.
class Exchange {
 public:
  Exchange(std::string one, std::string other)
      : thread_([this, one = std::move(one), other = std::move(other)] {
          while (!stop_) {
            if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0) {
              ++times_;
            }
          }
        }) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { stop(); }

  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  long times() const { return times_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<long> times_ = 0;
  std::thread thread_;
};

constexpr const char* kMark = "seatrial-race";

struct Race {
  std::string name;
  Clauses clauses;
  MountSpec (*mount)();
  Deadline deadline{60s};
};

const Race kRaces[] = {
    {"OfADirectory",
     {"security/cve-2021-30465"},
     [] {
       return MountSpec{
           .destination = "/data/target", .type = "tmpfs", .source = kMark, .options = {}};
     }},
    {"OfTheParent",
     {"security/cve-2021-30465", "security/cve-2024-45310"},
     [] {
       return MountSpec{
           .destination = "/data/target/new", .type = "tmpfs", .source = kMark, .options = {}};
     }},
    {"OfTheParentOfAFile",
     {"security/cve-2024-45310"},
     [] {
       return MountSpec{.destination = "/data/target/file",
                        .type = "bind",
                        .source = "/dev/null",
                        .options = {"bind"}};
     }},
};

// Where no device nodes can be made the container's own is a bind, too.
bool is_bound_null(const Mount& mount) {
  return mount.root.ends_with("/null") && mount.mountpoint != "/dev/null";
}

}  // namespace

TRIAL_TABLE(ExchangedTarget, kRaces) {
  const std::string volume = scratch_dir("volume");
  std::filesystem::create_directory(volume + "/target");
  std::filesystem::create_directory_symlink(canary().directory(), volume + "/link");
  const MountSpec mount = row().mount();
  const Bundle bundle = Bundle::minimal().bind(volume, "/data").mount(mount).probe({"mountinfo"});
  const auto wanted = [&](const Report& report) {
    int found = 0;
    for (const Mount& each : report.mounts()) {
      if (mount.type == "tmpfs" ? each.source == kMark : is_bound_null(each)) ++found;
    }
    return found;
  };
  EXPECT_EQ(wanted(target().run(bundle).report()), 1);  // control

  Exchange exchange(volume + "/target", volume + "/link");
  for (int i = 0; i < kTries; ++i) {
    auto box = target().try_run(bundle);
    if (!box.outcome().succeeded()) {
      EXPECT_THAT(box, Refused());
      continue;
    }
    expect_contained(box.report());
    // One that went outside cannot be seen from inside.
    EXPECT_EQ(wanted(box.report()), 1);
    EXPECT_THAT(canary().tampering(), IsEmpty());
  }
  exchange.stop();
  EXPECT_GT(exchange.times(), kTries);  // control: there was a race
}

}  // namespace regressions
