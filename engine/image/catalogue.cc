#include "engine/image/catalogue.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/spec/json_reader.h"
#include "engine/spec/json_writer.h"

namespace seatrial::image {
namespace {

void write_texts(spec::JsonWriter& json, std::string_view key,
                 const std::vector<std::string>& values) {
  json.key(key).begin_array();
  for (const std::string& value : values) json.string(value);
  json.end_array();
}

std::string print(const std::vector<CatalogueEntry>& entries) {
  spec::JsonWriter json(spec::Layout::kIndented);
  json.begin_object().key("images").begin_array();
  for (const CatalogueEntry& entry : entries) {
    json.begin_object();
    json.key("manifest").string(entry.manifest.text());
    json.key("config").string(entry.config.text());
    json.key("size").number(static_cast<std::int64_t>(entry.size));
    write_texts(json, "names", entry.names);
    write_texts(json, "digests", entry.digests);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

std::vector<CatalogueEntry> Catalogue::read() const {
  std::string text;
  try {
    text = read_file(directory_ / "images.json");
  } catch (const Error& failure) {
    if (failure.sys_errno() == ENOENT) return {};
    throw;
  }
  const spec::Document document(text, "images.json");
  std::vector<CatalogueEntry> entries;
  for (const spec::Reader& one : spec::Reader(document).require("images", "a list").elements()) {
    entries.push_back(
        {.manifest = spec::Digest::parse(one.require("manifest", "a digest").string()),
         .config = spec::Digest::parse(one.require("config", "a digest").string()),
         .size = one.require("size", "bytes").integer<std::uint64_t>(),
         .names = one.strings_or_none("names"),
         .digests = one.strings_or_none("digests")});
  }
  return entries;
}

void Catalogue::change(const std::function<void(std::vector<CatalogueEntry>&)>& edit) const {
  const UniqueFd lock = lock_file(directory_ / "images.lock", LockMode::kExclusive);
  std::vector<CatalogueEntry> entries = read();
  edit(entries);
  write_file_atomically(directory_ / "images.json", print(entries));
}

UniqueFd lock_file(const std::filesystem::path& path, LockMode mode) {
  UniqueFd fd = open_file(path, O_RDWR | O_CREAT, 0644);
  const int operation = mode == LockMode::kShared      ? LOCK_SH
                        : mode == LockMode::kExclusive ? LOCK_EX
                                                       : LOCK_EX | LOCK_NB;
  while (::flock(fd.get(), operation) != 0) {
    if (errno == EWOULDBLOCK) return {};
    if (errno != EINTR) throw sys_error(errno, "lock {}", path.native());
  }
  return fd;
}

}  // namespace seatrial::image
