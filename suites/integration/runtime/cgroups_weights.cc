// linux.resources.blockIO.weight and weightDevice, on a disk that weighs requests.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "harness/fixtures/case.h"
#include "harness/fixtures/case_site.h"
#include "suites/integration/runtime/own_disk.h"

namespace {

Bundle weighing(const std::string& block_io) {
  return Bundle::minimal().probe({"hold"}).set_json("/linux/resources/blockIO", block_io);
}

// Of the disk; `members` are what it has beside its numbers.
std::string weight_device(const std::string& members) {
  return R"({"weightDevice": [{)" + members + "}]}";
}

constexpr const char* kSound = R"("major": 7, "minor": 0, "weight": 700)";

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Whether the kernel has such a file for the container's cgroup on v2.
bool is_there(const Box& box, const std::string& file) {
  for (const Hierarchy& hierarchy : mounted_hierarchies()) {
    if (!hierarchy.has("io")) continue;
    return std::filesystem::exists(hierarchy.mountpoint.native() + current_site().cgroup_parent +
                                   "/" + box.id() + "/" + file);
  }
  return false;
}

constexpr const char* kBothWeights =
    R"({"weight": 200, "weightDevice": [{"major": 7, "minor": 0, "weight": 700}]})";

// As BFQ has them, which takes both from 1 to 1000.
const std::vector<std::string> kBothWeightsOfBfq = {"default 200",
                                                    std::string(OwnDisk::kNumbers) + " 700"};

}  // namespace

// How a weight is converted is the engine's, and which of the two that the kernel may have it
// turns: what counts is which one weighs more.
TRIAL(BlockIoWeight, WeighsMoreWhereItIsGreater, Clauses{"runtime/resources/blkio-weight"},
      Needs{Feature::kIoWeight}) {
  const auto weights = [&](const char* block_io) {
    auto box = target().create(weighing(block_io));
    std::vector<int> found;
    for (const char* file : {"io.weight", "io.bfq.weight"}) {
      if (!is_there(box, file)) continue;
      const std::string text = box.cgroup_file("io", file);  // "default 100"
      found.push_back(std::stoi(text.substr(text.find(' ') + 1)));
    }
    return found;
  };
  const auto light = weights(R"({"weight": 10})");
  const auto usual = weights("{}");
  const auto heavy = weights(R"({"weight": 1000})");
  EXPECT_LT(light, usual);
  EXPECT_LT(usual, heavy);
}

TRIAL(BlockIoWeight, OfADeviceIsTheOneOfTheConfiguration,
      Clauses{"runtime/resources/blkio-weight-device", "runtime/resources/blkio-weight"},
      Needs{Feature::kBlkioCgroup, Feature::kCgroupV1}, Deadline{60s}) {
  OwnDisk disk;
  disk.weigh_requests();
  auto box = target().create(weighing(kBothWeights));
  EXPECT_EQ(lines_of(box.cgroup_file("blkio", "blkio.bfq.weight_device")), kBothWeightsOfBfq);
}

TRIAL(BlockIoWeight, OfADeviceIsTheOneOfTheConfigurationOnV2,
      Clauses{"runtime/resources/blkio-weight-device", "runtime/resources/blkio-weight"},
      Needs{Feature::kBlkioCgroup, Feature::kCgroupV2}, Deadline{60s}) {
  OwnDisk disk;
  disk.weigh_requests();
  auto box = target().create(weighing(kBothWeights));
  EXPECT_EQ(lines_of(box.cgroup_file("io", "io.bfq.weight")), kBothWeightsOfBfq);
}

namespace {

struct FlawedWeight {
  std::string name;
  Clauses clauses;
  std::string members;
  Needs needs;
  Deadline deadline{60s};
};

const Needs kOnV1 = {Feature::kBlkioCgroup, Feature::kCgroupV1};
const Needs kOnV2 = {Feature::kBlkioCgroup, Feature::kCgroupV2};
const Clauses kNumbersRequired = {"runtime/resources/blkio-weight-device-numbers-required"};
const Clauses kSomeWeight = {"runtime/resources/blkio-weight-device-some-weight"};

// What the kernel says to a missing number or weight is not the same on both.
const FlawedWeight kFlawedWeights[] = {
    {"WithoutMinor", kNumbersRequired, R"("major": 7, "weight": 700)", kOnV1},
    {"WithoutMinorOnV2", kNumbersRequired, R"("major": 7, "weight": 700)", kOnV2},
    {"WithoutAnyWeight", kSomeWeight, R"("major": 7, "minor": 0)", kOnV1},
    {"WithoutAnyWeightOnV2", kSomeWeight, R"("major": 7, "minor": 0)", kOnV2},
};

}  // namespace

// The disk has the minor number 0: with any other, the kernel would refuse in the engine's place
// what an engine makes of a number that is missing.
TRIAL_TABLE(MalformedWeightDevice, kFlawedWeights) {
  OwnDisk disk;
  disk.weigh_requests();
  EXPECT_THAT(target().try_create(weighing(weight_device(kSound))), Succeeded());  // control
  auto box = target().try_create(weighing(weight_device(row().members)));
  EXPECT_THAT(box, Refused());
  EXPECT_FALSE(box.has_state_entry());
}
