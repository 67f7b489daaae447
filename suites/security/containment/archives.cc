// Archives that are made to use up an engine: by what they unpack to, by how many things they hold,
// by how large their documents are.
#include <fcntl.h>
#include <fmt/format.h>

#include <random>

#include "engine/base/files.h"
#include "harness/fixtures/case_site.h"
#include "suites/security/containment/archive_case.h"

namespace containment::archives {
namespace {

constexpr std::uint64_t kMuch = 256 << 20;  // bytes that a kilobyte for each of them unpacks to
constexpr const char* kName = "docker.io/seatrial/hostile:latest";

// A file that no engine can store as less, to be missed where it is left; and then one of nothing
// but zeros.
void add_large_files(TarWriter& tar) {
  std::mt19937_64 numbers;
  std::string noise;
  while (noise.size() < 6 << 20) {
    const std::uint64_t number = numbers();
    noise.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  tar.file("noise", noise);
  tar.begin_file("large", kMuch);
  const std::string piece(1 << 20, '\0');
  for (std::uint64_t at = 0; at < kMuch; at += piece.size()) tar.append(piece);
}

void add_many_files(TarWriter& tar) {
  for (int i = 0; i < 40'000; ++i) tar.file(fmt::format("file-{}", i), "");
}

// 40 MB of names.
void add_long_names(TarWriter& tar) {
  std::string place;
  for (int level = 0; level < 8; ++level) place += fmt::format("{:d>200}/", "");
  for (int i = 0; i < 25'000; ++i) tar.directory(place + std::to_string(i));
}

// How much larger than needed.
struct Document {
  std::string name = "Honest";
  Clauses clauses = {"security/containment/large-documents", "security/cve-2023-25153"};
  std::uint64_t manifest = 0;  // bytes
  std::uint64_t config = 0;
  Deadline deadline{60s};
};

const Document kDocuments[] = {{.name = "LikeAManifest", .manifest = 64 << 20},
                               {.name = "LikeAConfiguration", .config = 64 << 20}};

// A file of an archive: the text, with blanks before its last character.
void add_document(TarWriter& tar, const std::string& name, const std::string& text,
                  std::uint64_t blanks) {
  tar.begin_file(name, text.size() + blanks);
  tar.append(text.substr(0, text.size() - 1));
  const std::string piece(1 << 20, ' ');
  for (std::uint64_t at = 0; at < blanks; at += piece.size()) tar.append(piece);
  tar.append(text.substr(text.size() - 1));
}

// As docker save wrote them, because its documents are files of the archive's own.
std::filesystem::path archive_of_documents(const Document& document) {
  std::string layer;
  TarWriter layer_tar([&](std::string_view bytes) { layer += bytes; });
  layer_tar.file("small", document.name);
  layer_tar.finish();
  const std::filesystem::path archive = current_site().scratch() / (document.name + ".tar");
  const auto file = seatrial::open_file(archive, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  TarWriter tar(
      [&](std::string_view bytes) { seatrial::write_all(file.get(), bytes, archive.native()); });
  const std::string config =
      fmt::format(R"({{"architecture":"amd64","os":"linux","config":{{"Cmd":["/probe"]}},)"
                  R"("rootfs":{{"type":"layers","diff_ids":["{}"]}}}})",
                  sha256_digest(layer));
  add_document(tar, "config.json", config, document.config);
  tar.file("layer.tar", layer);
  const char* manifest = R"([{"Config":"config.json","RepoTags":["docker.io/seatrial/large:1"],)"
                         R"("Layers":["layer.tar"]}])";
  add_document(tar, "manifest.json", manifest, document.manifest);
  tar.finish();
  return archive;
}

}  // namespace

// There is no room for what it unpacks to: it ends, and what it took is given back.
TRIAL(ArchiveBomb, IsStoppedAndItsSpaceFreed,
      Clauses{"security/containment/archive-bomb", "security/cve-2017-14992"}, Deadline{60s}) {
  const std::filesystem::path bomb = archive_of(kName, add_large_files);
  EXPECT_NE(refusal_in({.bytes = 48 << 20, .inodes = 10'000}, bomb, kName), "");
}

// Zeros behind the end of the layer's archive unpack to nothing, but an engine that keeps what it
// needs to write the very same archive again kept them all. They may be refused or not.
TRIAL(ArchiveBomb, BehindTheEndOfItsArchiveUsesUpNoMemory,
      Clauses{"security/containment/archive-bomb", "security/cve-2017-14992"}, Deadline{60s}) {
  const std::filesystem::path bomb = archive_with_zeros_behind(kName, kMuch);
  refusal_in({.bytes = 48 << 20, .inodes = 10'000}, bomb, kName);
}

TRIAL(ManyEntries, EndWithTheInodesAndGiveThemBack, Clauses{"security/containment/many-entries"},
      Deadline{60s}) {
  const std::filesystem::path bomb = archive_of(kName, add_many_files);
  EXPECT_NE(refusal_in({.bytes = 256 << 20, .inodes = 8'000}, bomb, kName), "");
}

// All of them are unpacked, or they are refused: they are not remembered all at once.
TRIAL(ManyEntries, DoNotUseUpMemory, Clauses{"security/containment/many-entries"}, Deadline{120s}) {
  const std::filesystem::path bomb = archive_of(kName, add_long_names);
  const Loaded loaded = load(bomb);
  EXPECT_LT(loaded.growth, 32 << 20);
  expect_engine_well();
}

// A document of an image that is nearly nothing but blanks.
TRIAL_TABLE(LargeImageDocuments, kDocuments) {
  const std::filesystem::path honest = archive_of_documents({}),
                              large = archive_of_documents(row());
  engine().load_image(honest);  // control
  const Loaded loaded = load(large);
  EXPECT_LT(loaded.growth, 48 << 20) << "after: " << loaded.refusal;
  expect_engine_well();
}

}  // namespace containment::archives
