// Finding, listing and removing images, and collecting what nobody needs any more.
#include <algorithm>
#include <map>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/image/image_store.h"

namespace seatrial::image {
namespace {

constexpr std::string_view kIdPrefix = "sha256:";

std::string familiar(const std::string& canonical) {
  return spec::parse_reference(canonical).familiar();
}

// What is known by digest only is, too: its tag has moved on.
bool is_dangling(const CatalogueEntry& entry) {
  return entry.names.empty();
}

std::string repository_of(const std::string& canonical) {
  const spec::Reference name = spec::parse_reference(canonical);
  return name.registry + "/" + name.repository;
}

// The digests by which an image is known in a repository go with its last tag there.
void forget_digests_without_tag(CatalogueEntry& entry, const std::string& repository,
                                std::vector<std::string>& untagged) {
  const auto is_there = [&](const std::string& name) { return repository_of(name) == repository; };
  if (std::ranges::any_of(entry.names, is_there)) return;
  for (const std::string& digest : entry.digests) {
    if (is_there(digest)) untagged.push_back(familiar(digest));
  }
  std::erase_if(entry.digests, is_there);
}

bool has_name(const CatalogueEntry& entry, const std::string& canonical) {
  const auto among = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), canonical) != names.end();
  };
  return among(entry.names) || among(entry.digests);
}

// The canonical name that `text` may be; empty where it cannot be one.
std::string as_name(std::string_view text) {
  try {
    spec::Reference reference = spec::parse_reference(text);
    if (reference.digest) reference.tag.clear();  // the digest decides
    return reference.canonical();
  } catch (const Error&) {
    return {};
  }
}

std::string joined(const std::vector<std::string>& texts) {
  std::string result;
  for (const std::string& text : texts) result += (result.empty() ? "" : ", ") + text;
  return result;
}

}  // namespace

ImageRecord ImageStore::record_of(const CatalogueEntry& entry) const {
  return {.id = entry.config,
          .manifest = entry.manifest,
          .names = entry.names,
          .digests = entry.digests,
          .config = read_config(entry.config),
          .size = entry.size};
}

CatalogueEntry ImageStore::find_entry(std::string_view text) const {
  const std::vector<CatalogueEntry> entries = catalogue_.read();
  if (const std::string name = as_name(text); !name.empty()) {
    for (const CatalogueEntry& entry : entries) {
      if (has_name(entry, name)) return entry;
    }
  }
  const std::string_view hex = text.starts_with(kIdPrefix) ? text.substr(kIdPrefix.size()) : text;
  const CatalogueEntry* found = nullptr;
  if (spec::is_lower_hex(hex)) {
    for (const CatalogueEntry& entry : entries) {
      if (!entry.config.hex().starts_with(hex)) continue;
      if (found != nullptr && found->config != entry.config) {
        throw error(Kind::kInvalidArgument, "{} is the start of several images' ids", text);
      }
      if (found == nullptr) found = &entry;
    }
  }
  if (found == nullptr) throw error(Kind::kNotFound, "No such image: {}", text);
  return *found;
}

ImageRecord ImageStore::find(std::string_view text) const {
  return record_of(find_entry(text));
}

std::vector<ImageRecord> ImageStore::list() const {
  const UniqueFd held = lease();  // what is listed cannot be collected before it is read
  std::vector<ImageRecord> records;
  for (const CatalogueEntry& entry : catalogue_.read()) records.push_back(record_of(entry));
  return records;
}

LayerUse ImageStore::layer_use(const UsedBy& used_by) const {
  const UniqueFd held = lease();
  std::map<spec::Digest, bool> used;  // by diffID
  for (const CatalogueEntry& entry : catalogue_.read()) {
    const bool in_use = used_by && !used_by(entry.config).empty();
    for (const spec::Digest& id : read_config(entry.config).diff_ids) {
      bool& known = used[id];
      known = known || in_use;
    }
  }
  LayerUse use;
  for (const auto& [id, in_use] : used) {
    const std::uint64_t size = layer_size(id);
    use.size += size;
    if (!in_use) use.unused += size;
  }
  return use;
}

RemoveResult ImageStore::remove(std::string_view text, bool force, const UsedBy& used_by) const {
  RemoveResult result;
  const CatalogueEntry found = find_entry(text);
  const std::string name = as_name(text);
  const bool by_name = !name.empty() && has_name(found, name);
  catalogue_.change([&](std::vector<CatalogueEntry>& entries) {
    const auto at = std::find_if(entries.begin(), entries.end(), [&](const CatalogueEntry& entry) {
      return entry.manifest == found.manifest;
    });
    if (at == entries.end()) throw error(Kind::kNotFound, "No such image: {}", text);
    const std::size_t names = at->names.size();
    // The last name takes the image with it, and so the digests that it was pulled by.
    if (by_name && (names > 1 || (names == 1 && at->names.front() != name))) {
      std::erase(at->names, name);
      std::erase(at->digests, name);
      result.untagged.push_back(familiar(name));
      forget_digests_without_tag(*at, repository_of(name), result.untagged);
      return;
    }
    if (!by_name && names > 1 && !force) {
      throw error(Kind::kConflict, "image {} has several names and must be forced: {}", text,
                  joined(at->names));
    }
    const std::vector<User> users = used_by ? used_by(at->config) : std::vector<User>{};
    if (!users.empty() && !force) {
      throw error(Kind::kConflict, "image {} is used by the container {}", text,
                  users.front().name);
    }
    const auto running = std::ranges::find(users, true, &User::runs);
    if (running != users.end() && !by_name) {
      throw error(Kind::kConflict,
                  "image {} cannot be removed, forced or not: the running container {} uses it",
                  text, running->name);
    }
    for (const auto* list : {&at->names, &at->digests}) {
      for (const std::string& one : *list) result.untagged.push_back(familiar(one));
    }
    if (running != users.end()) {
      at->names.clear();
      at->digests.clear();
      return;
    }
    result.deleted.push_back(at->config);
    entries.erase(at);
  });
  result.reclaimed = collect();
  return result;
}

RemoveResult ImageStore::prune(Prune what, const UsedBy& used_by) const {
  RemoveResult result;
  catalogue_.change([&](std::vector<CatalogueEntry>& entries) {
    std::erase_if(entries, [&](const CatalogueEntry& entry) {
      if (what == Prune::kDangling && !is_dangling(entry)) return false;
      if (used_by && !used_by(entry.config).empty()) return false;
      for (const auto* list : {&entry.names, &entry.digests}) {
        for (const std::string& one : *list) result.untagged.push_back(familiar(one));
      }
      result.deleted.push_back(entry.config);
      return true;
    });
  });
  result.reclaimed = collect();
  return result;
}

std::uint64_t ImageStore::collect() const {
  const UniqueFd alone = lock_file(image_ / "lease", LockMode::kTryExclusive);
  if (!alone) return 0;
  std::set<spec::Digest> manifests;
  for (const CatalogueEntry& entry : catalogue_.read()) manifests.insert(entry.manifest);
  for (const std::string& id : snapshots()) manifests.insert(snapshot_image(id));
  std::set<spec::Digest> blobs;
  std::set<std::string> layers;
  for (const spec::Digest& digest : manifests) {
    const spec::Manifest manifest = read_manifest(digest);
    blobs.insert({digest, manifest.config.digest});
    for (const spec::Descriptor& layer : manifest.layers) blobs.insert(layer.digest);
    for (const spec::Digest& id : read_config(manifest.config.digest).diff_ids) {
      layers.emplace(id.hex());
    }
  }
  std::uint64_t reclaimed = 0;
  for (const spec::Digest& digest : blobs_.list()) {
    if (blobs.contains(digest)) continue;
    reclaimed += blobs_.size(digest);
    blobs_.remove(digest);
  }
  blobs_.remove_partials();
  for (const auto& entry : std::filesystem::directory_iterator(image_ / "layers")) {
    const std::string name = entry.path().filename();
    if (name.starts_with('.') || layers.contains(name)) continue;
    reclaimed += layer_size(spec::Digest::of_hex(spec::Digest::Algorithm::kSha256, name));
    // Under the name of a temporary first: half a layer must never be taken for a whole one.
    const std::filesystem::path dead = image_ / "layers" / (".new-dead-" + name);
    std::filesystem::rename(entry.path(), dead);
    remove_tree(dead);
  }
  return reclaimed;
}

std::vector<HistoryItem> ImageStore::history(std::string_view text) const {
  const ImageRecord image = find(text);
  std::vector<HistoryItem> items;
  auto layer = image.config.diff_ids.begin();
  for (const spec::HistoryEntry& entry : image.config.history) {
    HistoryItem item{.entry = entry};
    if (!entry.empty_layer && layer != image.config.diff_ids.end())
      item.size = layer_size(*layer++);
    items.push_back(std::move(item));
  }
  // Layers that the history does not tell of.
  for (; layer != image.config.diff_ids.end(); ++layer)
    items.push_back({.size = layer_size(*layer)});
  std::reverse(items.begin(), items.end());
  if (!items.empty()) {
    items.front().id = image.id;
    items.front().names = image.names;
  }
  return items;
}

}  // namespace seatrial::image
