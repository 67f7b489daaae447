// Our own engine, called in this process.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/runtime.h"
#include "harness/target/target.h"

namespace seatrial::harness {

class ReferenceTarget : public Target {
 public:
  explicit ReferenceTarget(std::filesystem::path state_root);

  const TargetInfo& info() const override { return info_; }
  const std::filesystem::path& state_root() const override { return state_root_; }

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
  runtime::Runtime& runtime();
  Outcome with_warnings(const std::function<void()>& operation);

  std::filesystem::path state_root_;
  std::unique_ptr<runtime::Runtime> runtime_;
  std::string warnings_;  // of the operation that runs
  TargetInfo info_;
};

}  // namespace seatrial::harness
