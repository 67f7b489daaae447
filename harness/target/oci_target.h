// Any command with runc's command line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/target/target.h"

namespace seatrial::harness {

// What `PROGRAM --version` says.
struct RuntimeVersion {
  std::string name = {};
  std::string version = {};
  std::string oci_version = {};
};

// From lines like "runc version 1.1.5+ds1" and "spec: 1.0.2-dev". A pre-release suffix is dropped
// from the specification's version: a document of it must be good for that version. Throws
// Error{kInvalidArgument} that quotes a text without either.
RuntimeVersion parse_version_text(std::string_view text);

// The messages of a log in JSON lines, one per line, those that are no error with their level in
// front ("warning: ..."). Lines that are none stay as they are.
std::string messages_of_log(std::string_view log);

// Calls PROGRAM --version. Throws Error naming the program.
TargetInfo ask_version(std::string_view spec, const std::filesystem::path& program);

class OciTarget : public Target {
 public:
  OciTarget(std::filesystem::path program, std::filesystem::path state_root, TargetInfo info);

  const TargetInfo& info() const override { return info_; }
  const std::filesystem::path& state_root() const override { return state_root_; }
  void prepare_namespace() override;

  Outcome create(const CreateCall& call) override;
  Outcome start(const std::string& id) override;
  Outcome run(const CreateCall& call) override;
  Outcome state(const std::string& id) override;
  Outcome kill(const std::string& id, const std::string& signal, bool all) override;
  Outcome remove(const std::string& id, bool force) override;
  Outcome list() override;
  Outcome ps(const std::string& id) override;
  Outcome exec(const ExecCall& call) override;
  Outcome command(const std::vector<std::string>& arguments) override;

 private:
  std::vector<std::string> command_line(const std::vector<std::string>& arguments) const;

  std::filesystem::path program_;
  std::filesystem::path state_root_;
  TargetInfo info_;
};

}  // namespace seatrial::harness
