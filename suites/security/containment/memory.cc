// Memory, and what is made of it.
#include "engine/base/files.h"
#include "suites/security/containment/containment_case.h"

namespace containment {
namespace {

constexpr int kKilled = 137;

}  // namespace

TRIAL(Memory, BeyondTheLimitEndsTheProgramAndNoOther, Clauses{"security/containment/memory"},
      Needs{Feature::kMemoryCgroup}, Deadline{30s}) {
  const std::string sibling = hold();
  const std::vector<Command> growth{{"alloc_here", "48"}};
  EXPECT_EQ(wait(run(probe({.memory = 128 * kMebibyte}, growth))), 0);  // control
  const std::string id =
      run(probe({.memory = 24 * kMebibyte, .memory_swap = 24 * kMebibyte}, growth));
  EXPECT_EQ(wait(id), kKilled);
  expect_well(sibling);
}

// A child goes first: an engine may hear of the kernel's choice a moment after the end that it
// caused, and the container's own end shall not be the first that it hears of.
TRIAL(Memory, ThatRanOutIsToldAsTheCause, Clauses{"security/containment/memory"},
      Needs{Feature::kMemoryCgroup}, Deadline{30s}) {
  const std::vector<Command> growth{{"alloc", "48"}, {"burn", "200", "1"}, {"alloc_here", "48"}};
  const std::string within = run(probe({.memory = 128 * kMebibyte}, growth));
  EXPECT_EQ(wait(within), 0);  // control
  EXPECT_EQ(fact(within, "/State/OOMKilled"), "false");
  const std::string id =
      run(probe({.memory = 24 * kMebibyte, .memory_swap = 24 * kMebibyte}, growth));
  EXPECT_EQ(wait(id), kKilled);
  EXPECT_EQ(fact(id, "/State/OOMKilled"), "true");
}

// The kernel ends the one that grows, not those beside it in the same container.
TRIAL(Memory, OfAChildCountsForTheContainer, Clauses{"security/containment/memory"},
      Needs{Feature::kMemoryCgroup}, Deadline{30s}) {
  const std::string id = hold({.memory = 24 * kMebibyte, .memory_swap = 24 * kMebibyte});
  const Answer small = exec(id, {{"alloc", "4"}}).answer("alloc");
  EXPECT_TRUE(small.ok() && !small.has("signal")) << small.dump();  // control
  EXPECT_THAT(exec(id, {{"alloc", "48"}}).answer("alloc"), HasField("signal", 9));
  EXPECT_EQ(fact(id, "/State/Running"), "true");
}

// Equal limits leave nothing for swap; the kernel's own account says what is in force.
TRIAL(Swap, GoesIntoTheLimit, Clauses{"security/containment/swap"},
      Needs{Feature::kMemorySwapCgroup}) {
  const std::int64_t limit = 24 * kMebibyte;
  const std::string id = hold({.memory = limit, .memory_swap = limit});
  EXPECT_EQ(account(id, "memory", "memory.limit_in_bytes"), std::to_string(limit));
  EXPECT_EQ(account(id, "memory", "memory.memsw.limit_in_bytes"), std::to_string(limit));
  const std::string more = hold({.memory = limit, .memory_swap = 2 * limit});  // control
  EXPECT_EQ(account(more, "memory", "memory.memsw.limit_in_bytes"), std::to_string(2 * limit));
}

// Pipes are the kernel's memory: whoever fills them must pay.
TRIAL(KernelMemory, OfPipesIsTheContainers, Clauses{"security/containment/kernel-memory"},
      Needs{Feature::kMemoryCgroup}, Deadline{30s}) {
  const std::vector<Command> fill{{"fill_pipes", "400"}};
  const auto with = [&](std::int64_t memory) {
    return probe({.ulimits = {{.name = "nofile", .soft = 1000, .hard = 1000}},
                  .memory = memory,
                  .memory_swap = memory},
                 fill);
  };
  const Report usual = report(with(128 * kMebibyte));
  EXPECT_THAT(usual.answer("fill_pipes"), HasField("filled", Gt(20 * kMebibyte)));  // control
  const std::string id = run(with(12 * kMebibyte));
  EXPECT_EQ(wait(id), kKilled);
}

TRIAL(SharedMemory, EndsAtItsSize, Clauses{"security/containment/shm"}) {
  const std::vector<Command> fill{{"fill", "/dev/shm/file", "3"}};
  EXPECT_TRUE(report(probe(fill)).answer("fill").ok());  // control: the default has room
  const Answer full = report(probe({.shm_size = 2 * kMebibyte}, fill)).answer("fill");
  EXPECT_EQ(full.error(), "ENOSPC");
  EXPECT_THAT(full, HasField("written", 2 * kMebibyte));
}

// Unless something else is asked for it is bounded, and not by half of the host's memory.
TRIAL(SharedMemory, HasASizeByDefault, Clauses{"security/containment/shm"}) {
  const std::string id = hold();
  const Report seen = exec(id, {{"mountinfo"}, {"fill", "/dev/shm/file", "80"}});
  EXPECT_THAT(seen.mount("/dev/shm").super_options, Contains(StartsWith("size=")));
  EXPECT_THAT(seen.answer("fill"),
              HasField("written", AllOf(Gt(50 * kMebibyte), Le(64 * kMebibyte))));
  EXPECT_EQ(seen.answer("fill").error(), "ENOSPC");
}

TRIAL(Tmpfs, EndsAtItsSize, Clauses{"security/containment/tmpfs"}) {
  const std::vector<Command> fill{{"fill", "/t/file", "3"}};
  const Report roomy = report(probe({.tmpfs = {{"/t", "size=8m"}}}, fill));
  EXPECT_TRUE(roomy.answer("fill").ok());  // control
  const Answer full = report(probe({.tmpfs = {{"/t", "size=1m"}}}, fill)).answer("fill");
  EXPECT_EQ(full.error(), "ENOSPC");
  EXPECT_THAT(full, HasField("written", kMebibyte));
}

// The root directory is the first of them.
TRIAL(Tmpfs, EndsAtItsNumberOfInodes, Clauses{"security/containment/tmpfs"}) {
  const std::vector<Command> many{{"create_many", "/t", "80"}};
  const Report roomy = report(probe({.tmpfs = {{"/t", "size=1m"}}}, many));
  EXPECT_THAT(roomy.answer("create_many"), HasField("created", 80));  // control
  const Answer full =
      report(probe({.tmpfs = {{"/t", "size=1m,nr_inodes=50"}}}, many)).answer("create_many");
  EXPECT_EQ(full.error(), "ENOSPC");
  EXPECT_THAT(full, HasField("created", 49));
}

}  // namespace containment
