#include "engine/security/seccomp_cache.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/security/default_seccomp.h"
#include "engine/security/profile.h"
#include "engine/security/seccomp.h"

namespace seatrial::security {
namespace {

class SeccompCacheTest : public ::testing::Test {
 protected:
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> result;
    std::error_code absent;
    for (const auto& file : std::filesystem::directory_iterator(directory, absent)) {
      result.push_back(file.path());
    }
    return result;
  }

  // As a process gets it that has used nothing yet.
  std::string get(const spec::Seccomp& wanted) const { return SeccompCache(directory).get(wanted); }

  // Puts another program under the checksum's eyes.
  void damage(const std::filesystem::path& file, auto change) const {
    std::string bytes = read_file(file);
    change(bytes);
    write_file_atomically(file, bytes);
  }

  TempDir above{"/tmp"};
  std::filesystem::path directory = above.path() / "cache";
  spec::Seccomp profile = default_seccomp(default_capabilities());
  std::string program = compile(profile);
};

TEST_F(SeccompCacheTest, KeepsWhatItCompiled) {
  EXPECT_EQ(get(profile), program);
  ASSERT_EQ(files().size(), 1u);
  const auto written = std::filesystem::last_write_time(files().front());
  EXPECT_EQ(get(profile), program);
  EXPECT_EQ(std::filesystem::last_write_time(files().front()), written);
}

// A program that libseccomp would not make, with the checksum that it needs, can only come from the
// file.
TEST_F(SeccompCacheTest, IsReadInsteadOfCompiling) {
  get(profile);
  ASSERT_EQ(files().size(), 1u);
  std::string bytes = read_file(files().front());
  const std::string other = program.substr(8);
  const std::size_t checksum = std::hash<std::string>{}(other);
  const std::string text =
      bytes.substr(bytes.find('\n') + 1, bytes.size() - bytes.find('\n') - 1 - program.size());
  write_file_atomically(files().front(), fmt::format("seccomp {} {} {:016x}\n{}{}", text.size(),
                                                     other.size(), checksum, text, other));
  EXPECT_TRUE(get(profile) == other);
}

TEST_F(SeccompCacheTest, TellsProfilesApart) {
  std::vector<spec::Seccomp> profiles(7, {.default_action = spec::SeccompAction::kErrno,
                                          .syscalls = {{.names = {"read", "write"}}}});
  profiles[1].default_errno_ret = 0;
  profiles[2].architectures = {"SCMP_ARCH_X86"};
  profiles[3].syscalls[0].names = {"read"};
  profiles[4].syscalls[0].action = spec::SeccompAction::kLog;
  profiles[5].syscalls[0].args = {{.index = 1, .value = 2}};
  profiles[6].syscalls[0].args = {{.index = 1, .value = 2, .op = spec::SeccompOperator::kLess}};
  for (const spec::Seccomp& each : profiles) get(each);
  EXPECT_EQ(files().size(), profiles.size());
  for (const spec::Seccomp& each : profiles) EXPECT_EQ(get(each), compile(each));
}

TEST_F(SeccompCacheTest, CompilesAgainWhatWasDamaged) {
  for (const auto& change : std::vector<std::function<void(std::string&)>>{
           [](std::string& bytes) { bytes.back() ^= 1; },                // the program
           [](std::string& bytes) { bytes.resize(bytes.size() - 8); },   // its end
           [](std::string& bytes) { bytes[bytes.find("read")] = 'x'; },  // the profile
           [](std::string& bytes) { bytes[0] = 'x'; },                   // the header
           [](std::string& bytes) { bytes.clear(); }}) {
    get(profile);
    ASSERT_EQ(files().size(), 1u);
    damage(files().front(), change);
    EXPECT_EQ(get(profile), program);
    EXPECT_EQ(read_file(files().front()).substr(0, 8), "seccomp ") << "it was made good";
  }
}

TEST_F(SeccompCacheTest, ServesWithoutAPlaceToWrite) {
  write_file_atomically(directory, "a file where the directory should be");
  EXPECT_EQ(get(profile), program);
}

TEST_F(SeccompCacheTest, TrustsOnlyADirectoryOfItsOwn) {
  get(profile);
  ASSERT_EQ(files().size(), 1u);
  damage(files().front(), [](std::string& bytes) { bytes.clear(); });
  std::filesystem::permissions(directory, std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(get(profile), program);
  EXPECT_EQ(std::filesystem::file_size(files().front()), 0u) << "neither read nor written";
  std::filesystem::rename(directory, above.path() / "elsewhere");
  std::filesystem::create_directory_symlink(above.path() / "elsewhere", directory);
  EXPECT_EQ(get(profile), program);
  EXPECT_EQ(std::filesystem::file_size(files().front()), 0u);
}

TEST_F(SeccompCacheTest, StaysSmall) {
  for (std::uint16_t number = 0; number < 100; ++number) {
    get({.default_action = spec::SeccompAction::kErrno, .default_errno_ret = number});
  }
  EXPECT_LE(files().size(), 64u);
}

TEST_F(SeccompCacheTest, KnowsByHeartWhatItGaveLast) {
  const SeccompCache cache(directory);
  cache.get(profile);
  std::filesystem::remove(files().at(0));
  EXPECT_EQ(cache.get(profile), program);
  EXPECT_TRUE(files().empty()) << "it was compiled again";
  spec::Seccomp other = profile;
  other.default_action = spec::SeccompAction::kKillProcess;
  EXPECT_EQ(cache.get(other), compile(other));
  EXPECT_EQ(cache.get(profile), program);
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(SeccompCacheTest, ServesManyAtOnce) {
  const SeccompCache cache(directory);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) EXPECT_EQ(cache.get(profile), program);
    });
  }
  threads.clear();
  EXPECT_EQ(files().size(), 1u);
}

}  // namespace
}  // namespace seatrial::security
