// `cp` by its words, on a real engine.
#include <fstream>

#include "engine/cli/program.h"
#include "engine/core/testing/engine_fixture.h"

namespace seatrial::engine_cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Copy : public core::testing::EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    if (!engine_) return;  // skipped
    core::ContainerRequest request = box({"true"});
    request.name = "chest";
    engine_->create(request);
    fs::create_directories(path("cargo/sub"));
    write("cargo/a", "new");
    write("cargo/sub/f", "deep");
    fs::create_symlink("sub", path("cargo/way"));
    fs::create_symlink("way/f", path("cargo/way_to_f"));
    ASSERT_EQ(cp(path("cargo"), "chest:/hold"), 0);
    fs::create_directory(path("quay"));
    write("quay/a", "precious");
  }

  std::string path(const std::string& below) const { return dir_->path() / below; }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path(file)) << text;
  }
  std::string read(const std::string& file) const { return read_file(path(file)); }

  std::optional<int> cp(const std::string& from, const std::string& to,
                        const std::string& option = "--archive=false") const {
    const std::string root = options().root, run = options().run;
    const std::vector<std::string_view> words{"--root", root, "--run", run, "cp", option, from, to};
    return run_program(words);
  }

  std::string refusal(const std::string& from, const std::string& to) const {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(cp(from, to), 1);
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(Copy, OfAContentMakesTheDirectoryThatIsNotThere) {
  EXPECT_EQ(cp("chest:/hold/.", path("quay/new")), 0);
  EXPECT_EQ(read("quay/new/a"), "new");
  EXPECT_EQ(read("quay/new/sub/f"), "deep");
  EXPECT_EQ(read("quay/a"), "precious");
  EXPECT_FALSE(fs::exists(path("quay/sub")));
}

TEST_F(Copy, OfAContentGoesIntoTheDirectoryThatIsThere) {
  EXPECT_EQ(cp("chest:/hold/.", path("quay")), 0);
  EXPECT_EQ(read("quay/a"), "new");
  EXPECT_EQ(read("quay/sub/f"), "deep");
}

TEST_F(Copy, OfADirectoryTakesItsNameOrTheNewOne) {
  EXPECT_EQ(cp("chest:/hold", path("quay")), 0);
  EXPECT_EQ(read("quay/hold/a"), "new");
  EXPECT_EQ(cp("chest:/hold", path("quay/new")), 0);
  EXPECT_EQ(read("quay/new/sub/f"), "deep");
  EXPECT_EQ(read("quay/a"), "precious");
}

TEST_F(Copy, NeedsTheDirectoryAbove) {
  EXPECT_EQ(cp("chest:/hold/.", path("none/new")), 1);
  EXPECT_FALSE(fs::exists(path("none")));
  EXPECT_THAT(refusal(path("quay/a"), "chest:/none/a"), HasSubstr("/none in container chest"));
}

TEST_F(Copy, OfALinkIsTheLinkOrWhereItLeads) {
  EXPECT_EQ(cp("chest:/hold/way", path("quay/link")), 0);
  EXPECT_EQ(fs::read_symlink(path("quay/link")), "sub");
  EXPECT_EQ(cp("chest:/hold/way/", path("quay/slash")), 0);
  EXPECT_EQ(read("quay/slash/f"), "deep");
  EXPECT_EQ(cp("chest:/hold/way_to_f", path("quay"), "--follow-link"), 0);
  EXPECT_EQ(read("quay/way_to_f"), "deep");
  EXPECT_FALSE(fs::is_symlink(path("quay/way_to_f")));
  EXPECT_EQ(cp("chest:/hold/sub/", path("quay/plain")), 0);
  EXPECT_EQ(read("quay/plain/f"), "deep");

  EXPECT_EQ(cp(path("cargo/way"), "chest:/led", "-L"), 0);
  EXPECT_EQ(cp("chest:/led", path("quay/back")), 0);
  EXPECT_EQ(read("quay/back/f"), "deep");
}

TEST_F(Copy, OfARunningContainersRootLeavesTheKernelsFilesOut) {
  const std::string id = engine_->run(box({"sleep"}));
  EXPECT_EQ(cp(id + ":/.", path("quay/whole")), 0);
  EXPECT_TRUE(fs::exists(path("quay/whole/box")));
  EXPECT_TRUE(fs::is_empty(path("quay/whole/proc")));
  EXPECT_TRUE(fs::is_empty(path("quay/whole/dev")));
  EXPECT_THAT(refusal(id + ":/proc/version", path("quay")), HasSubstr("/proc is the kernel's"));
  EXPECT_FALSE(fs::exists(path("quay/version")));
}

}  // namespace
}  // namespace seatrial::engine_cli
