// What is under test: one engine behind the verbs of the runtime specification.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/mode.h"
#include "harness/core/outcome.h"
#include "harness/core/result.h"

namespace seatrial::harness {

struct CreateCall {
  static constexpr int kClosed = -2;

  std::string id = {};
  std::filesystem::path bundle = {};
  bool relative_bundle = false;  // asked of the fixtures: name it from the working directory
  int in = -1;                   // -1: /dev/null; kClosed: the engine, a command then, has none
  int out = -1;
  int err = -1;
  std::filesystem::path pid_file = {};        // empty: none
  std::filesystem::path console_socket = {};  // empty: none
  std::vector<int> preserve_fds = {};         // become 3, 4, ... inside
  // Behind those, open in the engine without it being asked to hand them on. An engine in process
  // has all that is open without close-on-exec.
  std::vector<int> inherited_fds = {};
  bool no_pivot = false;
  bool no_new_keyring = false;
};

struct ExecCall {
  std::string id = {};
  std::vector<std::string> args = {};
  std::vector<std::string> env = {};  // added to the container's
  std::optional<std::string> cwd = {};
  std::optional<unsigned> uid = {};
  std::optional<unsigned> gid = {};
  std::string process = {};  // JSON of a whole process object; wins over everything above
  std::vector<int> inherited_fds = {};  // as in CreateCall
};

// Every verb returns its outcome, a refusal too; Error is thrown when the target cannot be called
// at all. A verb has 10 s.
class Target {
 public:
  Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  virtual ~Target() = default;

  // spec, name, version, oci_version; features are not filled in here.
  virtual const TargetInfo& info() const = 0;
  // Where it keeps state, as given to make_target().
  virtual const std::filesystem::path& state_root() const = 0;

  // Called once in the case's private mount namespace, before the first verb.
  virtual void prepare_namespace() {}

  virtual Outcome create(const CreateCall& call) = 0;
  virtual Outcome start(const std::string& id) = 0;
  // create and start in the foreground: the exit status is the container's.
  virtual Outcome run(const CreateCall& call) = 0;
  virtual Outcome state(const std::string& id) = 0;  // output: the document
  virtual Outcome kill(const std::string& id, const std::string& signal, bool all) = 0;
  virtual Outcome remove(const std::string& id, bool force) = 0;
  virtual Outcome list() = 0;                     // output: an array of states
  virtual Outcome ps(const std::string& id) = 0;  // output: an array of pids
  // In the foreground: the exit status is that of the program.
  virtual Outcome exec(const ExecCall& call) = 0;
  // The engine's command line as it stands ("state" without an id, say), with its global options
  // in front. Needs Feature::kCommandLine; throws Error{kUnsupported} elsewhere.
  virtual Outcome command(const std::vector<std::string>& arguments) = 0;
};

struct TargetSpec {
  enum class Form { kReference, kOci, kDocker };
  Form form = Form::kReference;
  std::filesystem::path program = {};  // kOci: absolute; kDocker: the socket
  Mode mode = Mode::kRoot;             // by its end
};

// "reference", "oci:/usr/sbin/runc", "oci:crun" (looked up in PATH), "docker:/run/docker.sock" (an
// engine, engine_target.h, and nothing that make_target() makes). Throws Error{kInvalidArgument}
// or {kNotFound} that says what would be right. At the end of the first three one mode may stand
// (mode.h).
TargetSpec parse_target(std::string_view spec);

// Asks the target its version, unless `known` has it from an earlier call; starts no container. A
// sandboxed one has this process in its sandbox from then on; the other modes are the caller's to
// enter before (unprivileged.h).
std::unique_ptr<Target> make_target(std::string_view spec, const std::filesystem::path& state_root,
                                    const TargetInfo* known = nullptr);

}  // namespace seatrial::harness
