// `cp` by its words, on a real engine.
#include <fstream>

#include "engine/cli/program.h"
#include "engine/core/testing/engine_fixture.h"

namespace seatrial::engine_cli {
namespace {

namespace fs = std::filesystem;

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
    ASSERT_EQ(cp(path("cargo"), "chest:/hold"), 0);
    fs::create_directory(path("quay"));
    write("quay/a", "precious");
  }

  std::string path(const std::string& below) const { return dir_->path() / below; }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path(file)) << text;
  }
  std::string read(const std::string& file) const { return read_file(path(file)); }

  std::optional<int> cp(const std::string& from, const std::string& to) const {
    const std::string root = options().root, run = options().run;
    const std::vector<std::string_view> words{"--root", root, "--run", run, "cp", from, to};
    return run_program(words);
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
}

}  // namespace
}  // namespace seatrial::engine_cli
