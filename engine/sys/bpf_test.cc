#include "engine/sys/bpf.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::sys {
namespace {

constexpr bpf_insn kExit{
    .code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};

std::array<bpf_insn, 2> always(std::int32_t answer) {
  return {{{.code = BPF_ALU64 | BPF_MOV | BPF_K,
            .dst_reg = BPF_REG_0,
            .src_reg = 0,
            .off = 0,
            .imm = answer},
           kExit}};
}

// A cgroup of this test's own in the tree of v2.
class BpfOnCgroup : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* top : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (!std::filesystem::exists(std::string(top) + "/cgroup.controllers")) continue;
      path_ = std::string(top) + "/seatrial-bpf-" + std::to_string(::getpid());
    }
    if (path_.empty()) GTEST_SKIP() << "no cgroup v2 is mounted";
    if (::mkdir(path_.c_str(), 0755) != 0) GTEST_SKIP() << "may not make " << path_;
    cgroup_ = open_file(path_, O_RDONLY | O_DIRECTORY);
    try {
      load_bpf(BPF_PROG_TYPE_CGROUP_DEVICE, always(1), "probe");
    } catch (const Error& failure) {
      GTEST_SKIP() << failure.what();
    }
  }
  void TearDown() override {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const AttachedBpf& each : attached_bpf(cgroup_.get(), BPF_CGROUP_DEVICE)) {
      result.push_back(each.name);
    }
    return result;
  }
  UniqueFd load(std::int32_t answer, std::string_view name) const {
    return load_bpf(BPF_PROG_TYPE_CGROUP_DEVICE, always(answer), name);
  }

  std::string path_;
  UniqueFd cgroup_;
};

TEST_F(BpfOnCgroup, ProgramsStandBesideEachOtherByName) {
  EXPECT_THAT(names(), testing::IsEmpty());
  const UniqueFd one = load(1, "one");
  const UniqueFd other = load(1, "other.of_15_chs");
  attach_bpf(cgroup_.get(), BPF_CGROUP_DEVICE, one.get());
  attach_bpf(cgroup_.get(), BPF_CGROUP_DEVICE, other.get());
  EXPECT_THAT(names(), testing::UnorderedElementsAre("one", "other.of_15_chs"));
}

TEST_F(BpfOnCgroup, OneTakesThePlaceOfTheOther) {
  const UniqueFd kept = load(1, "kept");
  const UniqueFd old = load(1, "old");
  const UniqueFd next = load(1, "next");
  attach_bpf(cgroup_.get(), BPF_CGROUP_DEVICE, kept.get());
  attach_bpf(cgroup_.get(), BPF_CGROUP_DEVICE, old.get());
  attach_bpf(cgroup_.get(), BPF_CGROUP_DEVICE, next.get(), old.get());
  EXPECT_THAT(names(), testing::UnorderedElementsAre("kept", "next"));
}

TEST_F(BpfOnCgroup, WhatTheKernelCannotCheckIsRefused) {
  try {
    load_bpf(BPF_PROG_TYPE_CGROUP_DEVICE, std::span(&kExit, 1), "no_result");
    FAIL() << "a program without a result was loaded";
  } catch (const Error& failure) {
    EXPECT_STREQ(failure.context().c_str(), "load a BPF program of 1 instructions");
    EXPECT_NE(failure.sys_errno(), 0);
  }
}

TEST_F(BpfOnCgroup, ReplacingWhatIsNotThereIsRefused) {
  const UniqueFd absent = load(1, "absent");
  const UniqueFd next = load(1, "next");
  try {
    attach_bpf(cgroup_.get(), BPF_CGROUP_DEVICE, next.get(), absent.get());
    FAIL() << "an absent program was replaced";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.sys_errno(), ENOENT);
  }
}

}  // namespace
}  // namespace seatrial::sys
