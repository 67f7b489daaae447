// The program `seatrial` as people use it: from images made on the spot to a page that a container
// serves. Each test has an engine of its own, in mount and network namespaces of this program's
// own. Needs root.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/network_namespace.h"
#include "engine/sys/spawn.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/process.h"
#include "harness/fixtures/case_site.h"
#include "harness/fixtures/docker_registry.h"

namespace seatrial::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using harness::Outcome;
using harness::run_command;
using harness::scaled;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class EndToEnd : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (::geteuid() != 0) return;
    // Once for the program; the tests run in one thread.
    static const bool apart = [] {
      const bool done = ::unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
                        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
      if (done) sys::bring_up_loopback(sys::own_network_namespace().get());
      return done;
    }();
    ASSERT_TRUE(apart) << "no namespaces: " << errno_name(errno);
  }

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "containers are made by root here";
    dir_.emplace("/dev/shm");
    ::setenv("SEATRIAL_ROOT", (dir_->path() / "root").c_str(), 1);
    ::setenv("SEATRIAL_RUN", (dir_->path() / "run").c_str(), 1);
  }

  void TearDown() override {
    if (!dir_) return;
    const Outcome left = seatrial({"ps", "-aq"});
    for (const std::string& id : lines(left.output)) seatrial({"rm", "-f", id});
    for (const auto& hierarchy : harness::mounted_hierarchies()) {
      ::rmdir((hierarchy.mountpoint.native() + cgroup()).c_str());
    }
  }

  static std::string cgroup() { return "/seatrial-test-" + std::to_string(::getpid()); }

  static Outcome seatrial(std::vector<std::string> words, const fs::path& cwd = {}) {
    words.insert(words.begin(), SEATRIAL_PROGRAM);
    return run_command(words, {.deadline = scaled(60s), .cwd = cwd});
  }

  // `run --rm` and what must stand before a cgroup of the test's own.
  static std::vector<std::string> run_words(const std::vector<std::string>& rest) {
    std::vector<std::string> words{"run", "--rm", "--cgroup-parent", cgroup()};
    words.insert(words.end(), rest.begin(), rest.end());
    return words;
  }

  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      result.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return result;
  }

  fs::path file(const std::string& name, const std::string& text) const {
    const fs::path path = dir_->path() / name;
    fs::create_directories(path.parent_path());
    write_file_atomically(path, text);
    return path;
  }

  std::optional<TempDir> dir_;
};

// A program in the background, as `&` would have it.
class Background {
 public:
  explicit Background(std::vector<std::string> words) {
    words.insert(words.begin(), SEATRIAL_PROGRAM);
    std::vector<std::string> env;
    for (char** each = ::environ; *each != nullptr; ++each) env.emplace_back(*each);
    process_ = sys::spawn({.path = SEATRIAL_PROGRAM, .args = words, .env = env});
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background() {
    if (process_) process_.send_signal(SIGKILL);
    end();
  }

  // Its exit status, or nothing after 30 s.
  std::optional<int> end() {
    if (!process_ || !process_.wait_exit(sys::after(scaled(30s)))) return std::nullopt;
    const auto ended = process_.reap();
    process_.reset();
    return ended ? std::optional(ended->code) : std::nullopt;
  }

 private:
  sys::PidFd process_;
};

// What a client gets there once somebody serves it.
std::string fetched(const std::string& address) {
  const auto end = std::chrono::steady_clock::now() + scaled(20s);
  while (std::chrono::steady_clock::now() < end) {
    const Outcome got = run_command({"curl", "-sS", "--fail", "--max-time", "5", address});
    if (got.succeeded()) return got.output;
    std::this_thread::sleep_for(20ms);
  }
  return "nobody answered";
}

TEST_F(EndToEnd, ImagesForTestsAreMadeAndRun) {
  const Outcome made = seatrial({"image", "build-test", "busybox", "seatrial/probe"});
  ASSERT_TRUE(made.succeeded()) << describe(made);
  EXPECT_EQ(made.output, "Loaded image: busybox:latest\nLoaded image: seatrial/probe:latest\n");
  EXPECT_THAT(made.error_text, IsEmpty()) << "progress is for terminals";
  const Outcome truth = seatrial(run_words({"busybox", "true"}));
  EXPECT_TRUE(truth.succeeded()) << describe(truth);
  const Outcome report = seatrial(run_words({"seatrial/probe", "args", ",", "exit", "3"}));
  EXPECT_EQ(report.exit_status, 3) << describe(report);
  EXPECT_THAT(report.output, HasSubstr("\"args\""));
}

TEST_F(EndToEnd, ALayoutOfImagesForTestsCanBeLoaded) {
  const fs::path layout = dir_->path() / "images";
  const Outcome made =
      seatrial({"image", "build-test", "--output", "images/", "busybox", "busybox"}, dir_->path());
  ASSERT_TRUE(made.succeeded()) << describe(made);
  EXPECT_EQ(made.output, "docker.io/library/busybox:latest\n");
  EXPECT_THAT(seatrial({"images", "-q"}).output, IsEmpty()) << "the engine has not got them";
  EXPECT_TRUE(fs::exists(layout / "oci-layout"));

  const fs::path archive = dir_->path() / "images.tar";
  ASSERT_TRUE(run_command({"tar", "-C", layout, "-cf", archive, "."}).succeeded());
  const Outcome loaded = seatrial({"load", "-i", archive});
  EXPECT_EQ(loaded.output, "Loaded image: busybox:latest\n") << describe(loaded);
  const Outcome truth = seatrial(run_words({"busybox", "true"}));
  EXPECT_TRUE(truth.succeeded()) << describe(truth);
}

TEST_F(EndToEnd, ImagesForTestsAreRefusedInOneSentence) {
  const Outcome unknown = seatrial({"image", "build-test", "busybox", "alpine"});
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_EQ(
      unknown.error_text,
      "seatrial: there is no test image \"alpine\", but seatrial/probe, busybox and debian\n");
  EXPECT_THAT(seatrial({"images", "-q"}).output, IsEmpty()) << "nothing was begun";

  file("full/file", "precious");
  const Outcome full = seatrial({"image", "build-test", "-o", "full", "busybox"}, dir_->path());
  EXPECT_EQ(full.exit_status, 1);
  EXPECT_THAT(lines(full.error_text),
              ElementsAre(AllOf(StartsWith("seatrial: "), HasSubstr("/full is there already"))));
  EXPECT_EQ(read_file(dir_->path() / "full/file"), "precious");
}

TEST_F(EndToEnd, AnImageIsKnownByTheDigestItHasInARegistry) {
  if (const std::string lacking = harness::DockerRegistry::missing(); !lacking.empty()) {
    GTEST_SKIP() << lacking;
  }
  const harness::DockerRegistry registry;
  const std::string repository = registry.host() + "/team/box";
  const std::string name = repository + ":1";
  ASSERT_TRUE(seatrial({"image", "build-test", "busybox"}).succeeded());
  ASSERT_TRUE(seatrial({"tag", "busybox", name}).succeeded());

  const Outcome pushed = seatrial({"push", name});
  ASSERT_THAT(pushed.output,
              testing::MatchesRegex("The push refers to repository \\[" + repository +
                                    "\\]\n1: digest: sha256:[0-9a-f]{64} size: [0-9]+\n"))
      << describe(pushed);
  const std::string digest = pushed.output.substr(pushed.output.find("sha256:"), 71);
  EXPECT_THAT(seatrial({"images", "--digests"}).output, HasSubstr(digest));

  EXPECT_EQ(seatrial({"rmi", name}).output,
            "Untagged: " + name + "\nUntagged: " + repository + "@" + digest + "\n");
  const std::string told = "1: Pulling from team/box\nDigest: " + digest + "\nStatus: ";
  EXPECT_EQ(seatrial({"pull", name}).output,
            told + "Downloaded newer image for " + name + "\n" + name + "\n");
  EXPECT_EQ(seatrial({"pull", name}).output,
            told + "Image is up to date for " + name + "\n" + name + "\n");
  EXPECT_EQ(seatrial({"pull", "--quiet", name}).output, name + "\n");
  EXPECT_EQ(seatrial({"inspect", "--format", "{{.RepoDigests}}", repository + "@" + digest}).output,
            "[" + repository + "@" + digest + "]\n");
}

TEST_F(EndToEnd, APageOfThisDirectoryIsServed) {
  ASSERT_TRUE(seatrial({"image", "build-test", "busybox"}).succeeded());
  const fs::path page = file("site/index.html", "<h1>Ahoy</h1>\n");
  Background served(run_words({"--name", "web", "-p", "127.0.0.1:8080:80", "-v",
                               page.parent_path().native() + ":/www:ro", "busybox", "httpd", "-f",
                               "-h", "/www"}));
  EXPECT_EQ(fetched("http://127.0.0.1:8080/"), "<h1>Ahoy</h1>\n");
  EXPECT_EQ(seatrial({"port", "web"}).output, "80/tcp -> 127.0.0.1:8080\n");
  EXPECT_THAT(seatrial({"ps"}).output, HasSubstr("127.0.0.1:8080->80/tcp"));
  file("site/index.html", "<h1>Changed</h1>\n");
  EXPECT_EQ(fetched("http://127.0.0.1:8080/"), "<h1>Changed</h1>\n");
  const Outcome written = seatrial({"exec", "web", "touch", "/www/file"});
  EXPECT_EQ(written.exit_status, 1);
  EXPECT_THAT(written.error_text, EndsWith("Read-only file system\n"));

  EXPECT_EQ(seatrial({"stop", "-t", "0", "web"}).output, "web\n");
  EXPECT_EQ(served.end(), 137);
  EXPECT_THAT(seatrial({"ps", "-aq"}).output, IsEmpty()) << "--rm";
  EXPECT_EQ(run_command({"curl", "-s", "--max-time", "5", "http://127.0.0.1:8080/"}).exit_status, 7)
      << "refused";
}

// In the fixture's directory: ps makes one where there is none.
TEST_F(EndToEnd, AFullDiskIsToldOfWhateverIsPrinted) {
  for (const char* words : {"clauses", "conform --list", "--help", "completion bash", "ps"}) {
    const UniqueFd full = open_file("/dev/full", O_WRONLY);
    const std::string line = fmt::format("exec \"$0\" {}", words);
    const Outcome outcome = run_command({"/bin/sh", "-c", line, SEATRIAL_PROGRAM},
                                        {.deadline = scaled(60s), .out = full.get()});
    EXPECT_NE(outcome.exit_status, 0) << words;
    EXPECT_THAT(outcome.error_text, HasSubstr("ENOSPC")) << words;
  }
}

}  // namespace
}  // namespace seatrial::cli
