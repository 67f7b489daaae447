// images.json: which images the store has and what they are called.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/spec/digest.h"

namespace seatrial::image {

struct CatalogueEntry {
  spec::Digest manifest = {};
  spec::Digest config = {};
  std::uint64_t size = 0;                 // of the unpacked layers' files
  std::vector<std::string> names = {};    // canonical, with tag
  std::vector<std::string> digests = {};  // canonical, REPOSITORY@DIGEST
};

// Read whole and replaced whole; change() serialises writers of all processes.
class Catalogue {
 public:
  explicit Catalogue(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::vector<CatalogueEntry> read() const;
  void change(const std::function<void(std::vector<CatalogueEntry>&)>& edit) const;

 private:
  std::filesystem::path directory_;
};

enum class LockMode { kShared, kExclusive, kTryExclusive };

// A flock on `path`, held while the descriptor lives. Empty only where kTryExclusive found it held.
UniqueFd lock_file(const std::filesystem::path& path, LockMode mode);

}  // namespace seatrial::image
