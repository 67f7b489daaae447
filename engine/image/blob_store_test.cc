#include "engine/image/blob_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class Blobs : public ::testing::Test {
 protected:
  // Files below blobs/ that are no complete blobs.
  int leftovers() const {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path() / "blobs")) {
      const std::string parent = entry.path().parent_path().filename();
      if (entry.is_regular_file() && parent != "sha256" && parent != "sha512") ++count;
    }
    return count;
  }

  TempDir dir_{"/dev/shm"};
  BlobStore store_{dir_.path()};
};

TEST_F(Blobs, AreFoundByDigest) {
  const spec::Digest digest = store_.put("hello");
  EXPECT_EQ(digest, digest_of("hello"));
  EXPECT_TRUE(store_.has(digest));
  EXPECT_EQ(store_.size(digest), 5U);
  EXPECT_EQ(store_.read(digest, 100), "hello");
  EXPECT_THAT(store_.list(), ElementsAre(digest));
  store_.remove(digest);
  store_.remove(digest);
  EXPECT_FALSE(store_.has(digest));
  EXPECT_THROW(store_.open(digest), Error);
}

TEST_F(Blobs, LeaveNothingWhenTheyAreNotWhatWasPromised) {
  const spec::Digest promised = digest_of("promised");
  const auto commit = [&](std::optional<spec::Digest> digest, std::optional<std::uint64_t> size) {
    BlobStore::Writer writer = store_.begin(digest ? &*digest : nullptr);
    writer.write(bytes("other"));
    writer.commit(digest, size);
  };
  EXPECT_THROW(commit(promised, std::nullopt), Error);
  EXPECT_THROW(commit(std::nullopt, 4), Error);
  EXPECT_TRUE(store_.list().empty());
  EXPECT_EQ(leftovers(), 0);
  commit(digest_of("other"), 5);
  EXPECT_TRUE(store_.has(digest_of("other")));
}

TEST_F(Blobs, AbandonedWritersLeaveNothing) {
  const spec::Digest digest = digest_of("x");
  {
    store_.begin().write(bytes("x"));
  }
  {
    store_.begin(&digest).write(bytes("x"));
  }
  EXPECT_EQ(leftovers(), 0);
}

TEST_F(Blobs, KeptPartsAreTakenUp) {
  const spec::Digest digest = digest_of("hello world");
  {
    BlobStore::Writer writer = store_.begin(&digest);
    writer.write(bytes("hello "));
    writer.keep();
  }
  BlobStore::Writer writer = store_.begin(&digest);
  EXPECT_EQ(writer.size(), 6U);
  EXPECT_EQ(store_.begin(&digest).size(), 0U);  // whoever comes second starts afresh
  writer.write(bytes("world"));
  EXPECT_EQ(writer.commit(digest, 11), digest);
  EXPECT_EQ(leftovers(), 0);
}

TEST_F(Blobs, StartAgainWhereTheServerDoes) {
  const spec::Digest digest = spec::Digest::parse(digest_of("right").text());
  BlobStore::Writer writer = store_.begin(&digest);
  writer.write(bytes("wrong"));
  writer.restart();
  EXPECT_EQ(writer.size(), 0U);
  writer.write(bytes("right"));
  writer.commit(digest, 5);
  EXPECT_EQ(store_.read(digest, 10), "right");
}

// What a killed process was writing is resumable by digest, and swept where nobody could.
TEST_F(Blobs, SurviveTheirWritersDeath) {
  const spec::Digest digest = digest_of("hello world");
  const pid_t child = ::fork();
  if (child == 0) {
    BlobStore::Writer anonymous = store_.begin();
    anonymous.write(bytes("lost"));
    BlobStore::Writer named = store_.begin(&digest);
    named.write(bytes("hello"));
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(leftovers(), 2);
  const BlobStore::Writer alive = store_.begin();
  const BlobStore reopened(dir_.path());
  EXPECT_EQ(leftovers(), 2);  // the named one, and that of the living writer
  EXPECT_EQ(reopened.begin(&digest).size(), 5U);
  reopened.remove_partials();
  EXPECT_EQ(leftovers(), 1);
}

}  // namespace
}  // namespace seatrial::image
