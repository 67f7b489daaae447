// Content by digest: blobs/ALGORITHM/HEX. What has a name there was verified when it got it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/image/hasher.h"
#include "engine/image/temporary.h"
#include "engine/spec/digest.h"

namespace seatrial::image {

// Safe for several threads and processes: a blob appears under its name in one rename.
//
// Small blobs (documents) are on disk before they get their name, large ones (layers) are left to
// the kernel's write-back: a layer can be fetched again.
class BlobStore {
 public:
  class Writer;

  // Makes ROOT/blobs where it is absent and sweeps what crashed writers left.
  explicit BlobStore(std::filesystem::path root);

  bool has(const spec::Digest& digest) const;
  std::uint64_t size(const spec::Digest& digest) const;
  std::filesystem::path path(const spec::Digest& digest) const;

  // For reading. Error{kNotFound}: "no blob sha256:...".
  UniqueFd open(const spec::Digest& digest) const;
  std::string read(const spec::Digest& digest, std::size_t limit) const;

  // A new blob. With `expected` a partial one that keep() or a crash left is taken up: size() says
  // how many of its bytes are there already. Whoever comes second at the same time starts afresh.
  Writer begin(const spec::Digest* expected = nullptr) const;

  // A whole blob at once.
  spec::Digest put(std::string_view bytes) const;

  void remove(const spec::Digest& digest) const;  // absent is fine
  std::vector<spec::Digest> list() const;

  // Removes partial blobs that nobody writes to.
  void remove_partials() const;

 private:
  std::filesystem::path root_;
};

// Abandoned without commit() or keep() it leaves nothing.
class BlobStore::Writer {
 public:
  Writer(Writer&&) = default;
  Writer& operator=(Writer&&) = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  void write(std::span<const std::byte> bytes);
  std::uint64_t size() const { return size_; }

  // Forgets all bytes, for a server that starts again from the first.
  void restart();

  // Under its digest, verified: Error{kInvalidArgument} when it is not the expected one or not as
  // long as expected; then nothing is left.
  spec::Digest commit(const std::optional<spec::Digest>& expected = std::nullopt,
                      std::optional<std::uint64_t> expected_size = std::nullopt);

  // Leaves what is there for a later begin(expected). Without an expected digest nothing is left.
  void keep();

 private:
  friend class BlobStore;
  Writer(const BlobStore& store, spec::Digest::Algorithm algorithm)
      : store_(&store), algorithm_(algorithm), hasher_(algorithm) {}

  bool take_up(const std::filesystem::path& partial);
  int fd() const { return temporary_ ? temporary_->fd() : partial_fd_.get(); }

  const BlobStore* store_;
  spec::Digest::Algorithm algorithm_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
  std::optional<Temporary> temporary_;  // either this
  std::filesystem::path partial_;       // or a partial file by its expected digest, locked
  UniqueFd partial_fd_;
};

}  // namespace seatrial::image
