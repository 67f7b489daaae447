// A tree beside the container that no engine has any business with: what tells that one was left.
//
// Names and contents are random, so that a trace of them somewhere can come from nowhere else. The
// tree is the case's own: an engine that falls for an attack does harm to nothing but it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace seatrial::sentinel {

struct CanaryFacts;  // what was seen; canary.cc

class Canary {
 public:
  // Makes the tree as a new directory of a random name in `parent`. Throws Error.
  explicit Canary(const std::filesystem::path& parent);

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path file() const { return directory_ / "file"; }        // 0600, has the secret
  std::filesystem::path program() const { return directory_ / "program"; }  // 0755
  std::filesystem::path inner() const { return directory_ / "inner"; }      // a directory, 0700
  std::filesystem::path link() const { return directory_ / "link"; }

  // The directory's last part: in the root or the source of a mount it says where that comes from.
  std::string name() const { return directory_.filename(); }
  // In the content of every file, and in no name.
  const std::string& secret() const { return secret_; }

  // What is not as it was made, one sentence each: content, mode, owner, inode, number of links,
  // times of change, extended attributes, entries, and mounts of this process' namespace on it or
  // below. Throws Error when it cannot be looked at.
  std::vector<std::string> tampering() const;

 private:
  std::filesystem::path directory_;
  std::string secret_;
  std::shared_ptr<const CanaryFacts> facts_;
};

}  // namespace seatrial::sentinel
