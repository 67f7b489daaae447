#include "engine/image/blob_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::image {
namespace {

using spec::Digest;

constexpr std::uint64_t kDurableSize = 8u << 20;  // what documents stay below

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

BlobStore::BlobStore(std::filesystem::path root) : root_(std::move(root)) {
  for (const char* part : {"blobs/sha256", "blobs/sha512", "blobs/partial"}) {
    make_directories(root_ / part);
  }
  sweep_temporaries(root_ / "blobs");
}

std::filesystem::path BlobStore::path(const Digest& digest) const {
  if (digest.empty()) throw error(Kind::kInternal, "a blob has no digest");
  return root_ / "blobs" / digest.algorithm_name() / digest.hex();
}

bool BlobStore::has(const Digest& digest) const {
  return ::access(path(digest).c_str(), F_OK) == 0;
}

std::uint64_t BlobStore::size(const Digest& digest) const {
  struct stat status{};
  if (::fstat(open(digest).get(), &status) != 0) throw sys_error(errno, "stat {}", digest.text());
  return static_cast<std::uint64_t>(status.st_size);
}

UniqueFd BlobStore::open(const Digest& digest) const {
  UniqueFd fd(::open(path(digest).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) throw error(Kind::kNotFound, "no blob {}", digest.text());
  if (!fd) throw sys_error(errno, "open {}", path(digest).native());
  return fd;
}

std::string BlobStore::read(const Digest& digest, std::size_t limit) const {
  return read_all(open(digest).get(), digest.text(), limit);
}

BlobStore::Writer BlobStore::begin(const Digest* expected) const {
  Writer writer(*this, expected ? expected->algorithm() : Digest::Algorithm::kSha256);
  const bool is_partial =
      expected && writer.take_up(root_ / "blobs/partial" /
                                 fmt::format("{}-{}", expected->algorithm_name(), expected->hex()));
  if (!is_partial) writer.temporary_ = Temporary::file(root_ / "blobs");
  return writer;
}

Digest BlobStore::put(std::string_view bytes) const {
  Writer writer = begin();
  writer.write(std::as_bytes(std::span(bytes)));
  return writer.commit();
}

void BlobStore::remove(const Digest& digest) const {
  if (::unlink(path(digest).c_str()) != 0 && errno != ENOENT) {
    throw sys_error(errno, "remove {}", path(digest).native());
  }
}

std::vector<Digest> BlobStore::list() const {
  std::vector<Digest> result;
  for (const auto algorithm : {Digest::Algorithm::kSha256, Digest::Algorithm::kSha512}) {
    const char* name = algorithm == Digest::Algorithm::kSha256 ? "sha256" : "sha512";
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "blobs" / name)) {
      result.push_back(Digest::of_hex(algorithm, entry.path().filename().native()));
    }
  }
  return result;
}

void BlobStore::remove_partials() const {
  for (const auto& entry : std::filesystem::directory_iterator(root_ / "blobs/partial")) {
    const UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
  }
}

// Opens or makes the partial file and hashes what it holds. False while another writer has it.
bool BlobStore::Writer::take_up(const std::filesystem::path& partial) {
  UniqueFd fd(::open(partial.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) throw sys_error(errno, "create {}", partial.native());
  struct stat held{};
  struct stat named{};
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return false;
  // Before the lock was ours its owner may have renamed or removed the file.
  if (::fstat(fd.get(), &held) != 0 || ::stat(partial.c_str(), &named) != 0 ||
      held.st_ino != named.st_ino) {
    return false;
  }
  std::vector<std::byte> buffer(1u << 18);
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0) throw sys_error(errno, "read {}", partial.native());
    if (got == 0) break;
    hasher_.update(std::span(buffer).first(static_cast<std::size_t>(got)));
    size_ += static_cast<std::uint64_t>(got);
  }
  partial_ = partial;
  partial_fd_ = std::move(fd);
  return true;
}

BlobStore::Writer::~Writer() {
  if (partial_fd_ && !partial_.empty()) ::unlink(partial_.c_str());
}

void BlobStore::Writer::write(std::span<const std::byte> bytes) {
  hasher_.update(bytes);
  write_all(fd(), text_of(bytes), "a blob");
  size_ += bytes.size();
}

void BlobStore::Writer::restart() {
  if (::ftruncate(fd(), 0) != 0 || ::lseek(fd(), 0, SEEK_SET) != 0) {
    throw sys_error(errno, "truncate a blob");
  }
  hasher_ = Hasher(algorithm_);
  size_ = 0;
}

Digest BlobStore::Writer::commit(const std::optional<Digest>& expected,
                                 std::optional<std::uint64_t> expected_size) {
  if (expected_size && *expected_size != size_) {
    throw error(Kind::kInvalidArgument, "blob {} has {} bytes where {} were announced",
                expected ? expected->text() : "", size_, *expected_size);
  }
  const Digest digest = hasher_.finish();
  if (expected && *expected != digest) {
    throw error(Kind::kInvalidArgument, "blob {} has another digest: {}", expected->text(),
                digest.text());
  }
  if (size_ < kDurableSize && ::fdatasync(fd()) != 0) {
    throw sys_error(errno, "fdatasync {}", digest.text());
  }
  const std::filesystem::path place = store_->path(digest);
  if (temporary_) {
    temporary_->move_to(place);
    temporary_.reset();
  } else if (::rename(partial_.c_str(), place.c_str()) != 0) {
    throw sys_error(errno, "rename {} to {}", partial_.native(), place.native());
  }
  partial_.clear();
  partial_fd_.reset();
  return digest;
}

void BlobStore::Writer::keep() {
  temporary_.reset();
  partial_.clear();
  partial_fd_.reset();
}

}  // namespace seatrial::image
