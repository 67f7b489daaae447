// What a container can make the engine use up: descriptors, logs, threads.
#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/deadline_scale.h"
#include "suites/security/containment/containment_case.h"

namespace containment {
namespace {

namespace fs = std::filesystem;

long entries_of(const fs::path& directory) {
  std::error_code gone;
  const auto entries = fs::directory_iterator(directory, gone);
  return std::distance(fs::begin(entries), fs::end(entries));
}

long sum_of_entries(const std::vector<fs::path>& processes, const char* directory) {
  long sum = 0;
  for (const fs::path& process : processes) sum += entries_of(process / directory);
  return sum;
}

// For messages: who they are.
std::string names_of(const std::vector<fs::path>& processes) {
  std::string names;
  for (const fs::path& process : processes) {
    std::string name = seatrial::read_file(process / "comm");
    if (!name.empty()) name.back() = ' ';
    names += name;
  }
  return names;
}

// The highest that any of them has been, in KiB.
long peak_of(const std::vector<fs::path>& processes) {
  long peak = 0;
  for (const fs::path& process : processes) {
    const std::string status = seatrial::read_file(process / "status");
    const std::size_t at = status.find("VmHWM:");
    if (at != std::string::npos) peak = std::max(peak, std::stol(status.substr(at + 6)));
  }
  return peak;
}

}  // namespace

TRIAL(Descriptors, EndAtTheLimitWhichCannotBeRaised, Clauses{"security/containment/descriptors"}) {
  const std::vector<Command> attempts{
      {"open_many", "300"}, {"limit_files", "400"}, {"limit_files", "30"}, {"open_many", "300"}};
  const ContainerDraft roomy{.ulimits = {{.name = "nofile", .soft = 400, .hard = 400}}};
  EXPECT_THAT(report(probe(roomy, {{"open_many", "300"}})).answer("open_many"),
              HasField("opened", 300));  // control
  const ContainerDraft draft{.ulimits = {{.name = "nofile", .soft = 64, .hard = 64}}};
  const Report seen = report(probe(draft, attempts));
  const std::vector<Answer> opened = seen.every("open_many", "");
  ASSERT_THAT(opened, SizeIs(2));
  EXPECT_EQ(opened[0].error(), "EMFILE");
  EXPECT_THAT(opened[0], HasField("opened", AllOf(Gt(50), Lt(64))));
  EXPECT_EQ(seen.answer("limit_files", "400").error(), "EPERM");
  EXPECT_TRUE(seen.answer("limit_files", "30").ok());  // control: lowering is anybody's
  EXPECT_THAT(opened[1], HasField("opened", Lt(30)));
}

// Two files of 64 KiB were asked for: what can still be read is no more than they hold.
TRIAL(LogFlood, IsKeptWithinWhatWasAsked, Clauses{"security/containment/log-flood"},
      Deadline{30s}) {
  constexpr std::size_t kFlood = 1 << 20, kSize = 64 << 10, kFiles = 2;
  const std::vector<Command> flood{{"flood", std::to_string(kFlood)}};
  const Ended all = run_to_end(probe(flood));
  EXPECT_GE(all.out.size(), kFlood);  // control: without options everything is kept
  const ContainerDraft draft{.log_opts = {{"max-size", "64k"}, {"max-file", "2"}}};
  const Ended kept = run_to_end(probe(draft, flood));
  EXPECT_EQ(kept.code, 0);
  EXPECT_THAT(kept.out.size(), AllOf(Gt(0U), Le(kFiles * kSize)));
}

TRIAL(LogFlood, DoesNotKeepTheContainerFromStopping, Clauses{"security/containment/log-flood"},
      Deadline{30s}) {
  const std::string sibling = hold();
  const ContainerDraft draft{.log_opts = {{"max-size", "64k"}, {"max-file", "2"}}};
  const std::string id = run(probe(draft, {{"flood"}}));
  await_output(id, "xxxx");
  engine().stop(id, 1s);
  EXPECT_EQ(fact(id, "/State/Running"), "false");
  expect_well(sibling);
}

// Descriptors and threads of the engine's process, before and after.
TRIAL(RequestFlood, OfExecsLeavesTheEngineAsItWas, Clauses{"security/containment/request-flood"},
      Deadline{120s}) {
  constexpr int kRequests = 16;
  const std::string id = hold();
  const auto flood = [&](int requests) {
    for (int i = 0; i < requests; ++i) EXPECT_TRUE(exec(id, {{"pid"}}).complete());
  };
  flood(4);  // what is kept for the next one is made once
  const auto descriptors = [&] { return sum_of_entries(engines_processes(), "fd"); };
  const auto threads = [&] { return sum_of_entries(engines_processes(), "task"); };
  // Fewer than one per request is no leak of the requests; what is on its way out gets its time.
  // dockerd was seen once to hold one descriptor for each exec after that time; a leak grows with
  // every flood.
  const auto grown = [&] {
    const long fds_before = descriptors(), threads_before = threads();
    EXPECT_GT(fds_before, 0);
    flood(kRequests);
    const auto end = std::chrono::steady_clock::now() + scaled(3s);
    for (;;) {
      const long fds = descriptors() - fds_before, more_threads = threads() - threads_before;
      if (fds < kRequests && more_threads < kRequests) return std::string();
      if (std::chrono::steady_clock::now() > end) {
        return fmt::format("{} descriptors and {} threads more after {} requests to {}", fds,
                           more_threads, kRequests, names_of(engines_processes()));
      }
      std::this_thread::sleep_for(20ms);
    }
  };
  std::string growth = grown();
  for (int again = 0; again < 3 && !growth.empty(); ++again) growth = grown();
  EXPECT_EQ(growth, "");
}

// A passwd that never ends is read for a user's name; it is the image's, so anybody's.
TRIAL(LargeDocuments, LikeAPasswdAreReadWithinBounds,
      Clauses{"security/containment/large-documents"}, Deadline{30s}) {
  const std::string id = hold(), sibling = hold();
  EXPECT_EQ(exec(id, {{"status"}}, {.user = "user"}).status().uid, 1000);  // control
  EXPECT_TRUE(exec(id, {{"fill", "/etc/passwd", "48"}}).answer("fill").ok());
  const auto peak = [&] { return peak_of(engines_processes()); };
  const long before = peak();
  try {
    exec(id, {{"status"}}, {.user = "user"});
  } catch (const EngineFailure&) {
    SUCCEED();  // no user of that name any more, or no file that can be read: refused, and right so
  }
  EXPECT_LT(peak() - before, 40 * 1024) << "KiB more at the peak";
  expect_well(sibling);
}

}  // namespace containment
