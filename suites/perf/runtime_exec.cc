// Measures `exec ID /true` in a running container with the engine's default confinement, against
// crun and runc, interleaved.
//
//   runtime_exec [ROUNDS] [--check]
//
// With --check, it ends with 1 when an exec takes more than half of what crun takes.
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "suites/perf/comparison.h"
#include "suites/perf/line_up.h"
#include "suites/perf/stage.h"

namespace {

using namespace seatrial;
using namespace seatrial::perf;
namespace fs = std::filesystem;
using Command = std::vector<std::string>;

// A container that runs as long as the object lives.
class Running {
 public:
  Running(std::string name, const fs::path& program, const Stage& stage)
      : name_(std::move(name)),
        runtime_({program, "--root", stage.state_root(name_)}),
        id_(stage.id() + "-" + name_) {
    run_command(verb({"run", "--detach", "--bundle", stage.bundle(), id_}));
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    try {
      run_command(verb({"delete", "--force", id_}));
    } catch (const Error& failure) {
      std::fprintf(stderr, "runtime_exec: %s\n", failure.what());
    }
  }

  std::unique_ptr<Contestant> exec(const std::string& program) const {
    return std::make_unique<CommandContestant>(name_, verb({"exec", id_, program}));
  }

 private:
  Command verb(const Command& words) const {
    Command all = runtime_;
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }

  std::string name_;
  Command runtime_;
  std::string id_;
};

void measure(const Play& play) {
  if (::geteuid() != 0) throw error(Kind::kDenied, "only root can make containers here");
  enter_private_mounts();
  const Stage stage(sibling_program("lifecycle_pause"), Configuration::kEngine);
  const fs::path program = sibling_program("lifecycle_true");
  fs::copy_file(program, stage.rootfs() / program.filename());
  std::vector<std::unique_ptr<Running>> containers;
  containers.push_back(std::make_unique<Running>(kRun, sibling_program("seatrial-runtime"), stage));
  for (const char* peer : {kCrun, kRunc}) {
    const fs::path path = find_on_path(peer);
    if (path.empty()) {
      std::fprintf(stderr, "runtime_exec: left out: %s is not on PATH\n", peer);
      continue;
    }
    containers.push_back(std::make_unique<Running>(peer, path, stage));
  }
  std::vector<std::unique_ptr<Contestant>> contestants;
  for (const auto& container : containers) {
    contestants.push_back(container->exec("/" + program.filename().native()));
  }
  play(std::move(contestants));
}

}  // namespace

int main(int argc, char** argv) {
  const Comparison comparison = {
      .program = "runtime_exec",
      .about = "Measures one more process in a running container against crun and runc.",
      .rounds = 100,
      .wanted = {{kRun, kCrun, 0.5}, {kRun, kRunc, {}}}};
  return compare(argc, argv, comparison, measure);
}
