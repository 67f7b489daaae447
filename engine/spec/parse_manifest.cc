#include <algorithm>
#include <array>

#include "engine/base/error.h"
#include "engine/spec/image.h"
#include "engine/spec/json_reader.h"

namespace seatrial::spec {
namespace {

// Media types may carry parameters and be written in any case (RFC 9110, 8.3.1).
std::string essence(std::string_view content_type) {
  std::string text(content_type.substr(0, content_type.find(';')));
  text.erase(text.find_last_not_of(" \t") + 1);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::map<std::string, std::string> read_annotations(const Reader& object) {
  std::map<std::string, std::string> result;
  if (const auto annotations = object.find("annotations")) {
    for (const auto& [key, value] : annotations->members()) result.emplace(key, value.string());
  }
  return result;
}

Digest read_digest(const Reader& value) {
  const std::string text = value.string();
  try {
    return Digest::parse(text);
  } catch (const Error&) {
    value.refuse("is not a digest (sha256: and 64, or sha512: and 128 lower-case hex digits)");
  }
}

Platform read_platform(const Reader& object) {
  return {.os = object.string_or_empty("os"),
          .architecture = object.string_or_empty("architecture"),
          .variant = object.string_or_empty("variant"),
          .os_version = object.string_or_empty("os.version")};
}

Descriptor read_descriptor(const Reader& object) {
  Descriptor result;
  result.media_type = object.require("mediaType", "a media type").filled_string();
  result.digest = read_digest(object.require("digest", "a digest"));
  result.size = object.require("size", "a number of bytes").integer<std::uint64_t>(0, INT64_MAX);
  result.annotations = read_annotations(object);
  if (const auto platform = object.find("platform")) result.platform = read_platform(*platform);
  result.urls = object.strings_or_none("urls");
  return result;
}

std::vector<Descriptor> read_descriptors(const Reader& array) {
  std::vector<Descriptor> result;
  for (const Reader& element : array.elements()) result.push_back(read_descriptor(element));
  return result;
}

void check_version(const Reader& root) {
  const Reader version = root.require("schemaVersion", "2");
  if (version.integer<std::int64_t>() == 2) return;
  version.refuse(
      "is not a schema that is read here (only 2 is; schema 1 has no verifiable layers)");
}

// Both halves of a document that is two things at once would be read by somebody.
void check_unambiguous(const Reader& root, bool is_index_document) {
  const auto forbid = [&](std::string_view key) {
    if (root.find(key)) {
      root.refuse_whole(
          fmt::format("{}: does not belong beside {}: the document is both a manifest "
                      "and an index",
                      key, is_index_document ? "manifests" : "layers"));
    }
  };
  if (is_index_document) {
    forbid("layers");
    forbid("config");
  } else {
    forbid("manifests");
  }
  if (root.find("fsLayers")) root.refuse_whole("fsLayers: belongs to schema 1, not to schema 2");
}

// What the document is, from its own word, the transport's, and its members; they must agree.
std::string agreed_type(const Reader& root, std::string_view content_type) {
  const std::string declared = root.string_or_empty("mediaType");
  const std::string carried = essence(content_type);
  if (!declared.empty() && !carried.empty() && declared != carried) {
    root.refuse_whole(fmt::format("mediaType: {} is not the content type that it came under, {}",
                                  shown_text(declared), shown_text(carried)));
  }
  const std::string type = declared.empty() ? carried : declared;
  if (!type.empty() && !media_type::is_index(type) && !media_type::is_manifest(type)) {
    root.refuse_whole(
        fmt::format("{} is not the media type of a manifest or an index", shown_text(type)));
  }
  if (!type.empty()) return type;
  return std::string(root.find("manifests") ? media_type::kOciIndex : media_type::kOciManifest);
}

bool same_machine(const Platform& left, const Platform& right) {
  return left.os == right.os && left.architecture == right.architecture;
}

// arm64 means arm64/v8 wherever no variant is written (image-index.md, "Platform Variants").
std::string_view variant_of(const Platform& platform) {
  if (platform.architecture == "arm64" && platform.variant.empty()) return "v8";
  return platform.variant;
}

// How well `entry` serves; higher is better, 0 not at all.
int fitness(const Descriptor& entry, const Platform& wanted) {
  if (!entry.platform || entry.platform->os.empty()) return 1;
  if (!same_machine(*entry.platform, wanted)) return 0;
  if (variant_of(*entry.platform) == variant_of(wanted)) return 4;
  if (entry.platform->variant.empty()) return 3;
  return wanted.variant.empty() ? 2 : 0;
}

}  // namespace

namespace media_type {

bool is_foreign_layer(std::string_view type) {
  return type == kDockerForeignLayer ||
         type.starts_with("application/vnd.oci.image.layer.nondistributable.v1.tar");
}

bool is_layer(std::string_view type) {
  constexpr std::array kLayers{kOciLayer,        kOciLayerGzip,    kOciLayerZstd,      kDockerLayer,
                               kDockerLayerGzip, kDockerLayerZstd, kDockerForeignLayer};
  constexpr std::string_view kNonDistributable =
      "application/vnd.oci.image.layer.nondistributable.v1.tar";
  if (std::find(kLayers.begin(), kLayers.end(), type) != kLayers.end()) return true;
  if (!type.starts_with(kNonDistributable)) return false;
  const std::string_view suffix = type.substr(kNonDistributable.size());
  return suffix.empty() || suffix == "+gzip" || suffix == "+zstd";
}

bool is_index(std::string_view type) {
  return type == kOciIndex || type == kDockerList;
}

bool is_manifest(std::string_view type) {
  return type == kOciManifest || type == kDockerManifest;
}

bool is_config(std::string_view type) {
  return type == kOciConfig || type == kDockerConfig;
}

}  // namespace media_type

std::variant<Manifest, Index> parse_manifest(std::string_view json, std::string_view content_type) {
  if (json.size() > kManifestLimit) {
    throw error(Kind::kInvalidArgument, "manifest: {} bytes are more than the {} that one may have",
                json.size(), kManifestLimit);
  }
  const Document document(json, "manifest");
  const Reader root(document);
  check_version(root);
  const std::string type = agreed_type(root, content_type);
  const bool is_index_document = media_type::is_index(type);
  check_unambiguous(root, is_index_document);
  if (is_index_document) {
    return Index{.media_type = type,
                 .manifests = read_descriptors(root.require("manifests", "an array")),
                 .annotations = read_annotations(root)};
  }
  return Manifest{.media_type = type,
                  .config = read_descriptor(root.require("config", "a descriptor")),
                  .layers = read_descriptors(root.require("layers", "an array")),
                  .annotations = read_annotations(root)};
}

std::string Platform::text() const {
  std::string result = os + "/" + architecture;
  if (!variant.empty()) result += "/" + variant;
  return result;
}

Platform host_platform() {
#if defined(__x86_64__)
  return {.os = "linux", .architecture = "amd64"};
#elif defined(__aarch64__)
  return {.os = "linux", .architecture = "arm64", .variant = "v8"};
#else
#error "name this machine's architecture as Go does"
#endif
}

const Descriptor& choose(const Index& index, const Platform& platform) {
  const Descriptor* best = nullptr;
  int best_fitness = 0;
  for (const Descriptor& entry : index.manifests) {
    const int fits = fitness(entry, platform);
    if (fits <= best_fitness) continue;
    best = &entry;
    best_fitness = fits;
  }
  if (best != nullptr) return *best;
  std::string there;
  for (const Descriptor& entry : index.manifests) {
    if (!there.empty()) there += ", ";
    there += entry.platform->text();
  }
  throw error(Kind::kNotFound, "the index has no manifest for {}; it has: {}", platform.text(),
              there.empty() ? "nothing" : there);
}

}  // namespace seatrial::spec
