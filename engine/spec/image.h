// The image specification's documents and docker's schema 2 (which has the same shape): manifests,
// indexes and image configs as data. Pure: parse, validate, print.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/spec/digest.h"

namespace seatrial::spec {

namespace media_type {

inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view kDockerLayerGzip =
    "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view kDockerLayerZstd =
    "application/vnd.docker.image.rootfs.diff.tar.zstd";
inline constexpr std::string_view kDockerForeignLayer =
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

// A layer that is a tar archive, plain or compressed, of either family, distributable or not.
bool is_layer(std::string_view type);
// A layer that the publisher keeps elsewhere (`urls`): never pushed.
bool is_foreign_layer(std::string_view type);
bool is_index(std::string_view type);
bool is_manifest(std::string_view type);
bool is_config(std::string_view type);

}  // namespace media_type

// The limit that registries and clients keep to (distribution-spec, "Pushing Manifests": at least
// 4 MiB is to be taken).
inline constexpr std::size_t kManifestLimit = 4u << 20;

struct Platform {
  std::string os = {};
  std::string architecture = {};
  std::string variant = {};
  std::string os_version = {};

  std::string text() const;  // "linux/arm/v7"

  friend bool operator==(const Platform&, const Platform&) = default;
};

// What this program was built for: linux/amd64.
Platform host_platform();

struct Descriptor {
  std::string media_type = {};
  Digest digest = {};
  std::uint64_t size = 0;
  std::map<std::string, std::string> annotations = {};
  std::optional<Platform> platform = {};
  std::vector<std::string> urls = {};
};

struct Manifest {
  std::string media_type = {};
  Descriptor config = {};
  std::vector<Descriptor> layers = {};  // the lowest first
  std::map<std::string, std::string> annotations = {};
};

struct Index {
  std::string media_type = {};
  std::vector<Descriptor> manifests = {};
  std::map<std::string, std::string> annotations = {};
};

// `content_type` is what the document came under; empty where nobody said. Throws
// Error{kInvalidArgument} naming the JSON path; refuses what two readers could read differently
// (CVE-2021-41190: layers beside manifests, a mediaType that is not the content type, a key given
// twice), schema 1 and whatever is larger than kManifestLimit.
std::variant<Manifest, Index> parse_manifest(std::string_view json, std::string_view content_type);

std::string print_manifest(const Manifest& manifest);
std::string print_index(const Index& index);

// The entry for `platform`: the same variant before no variant before another one; an entry that
// names no platform only if nothing else matches. Throws Error{kNotFound} listing what there is.
const Descriptor& choose(const Index& index, const Platform& platform);

// Times are in nanoseconds, as the documents have them; 0 means inherit.
struct HealthConfig {
  std::vector<std::string> test = {};  // {"NONE"}, {"CMD", ...} or {"CMD-SHELL", text}
  std::int64_t interval = 0;
  std::int64_t timeout = 0;
  std::int64_t start_period = 0;
  std::int64_t retries = 0;
};

// The `config` object: what a container of the image gets unless its creator says otherwise.
struct RunConfig {
  std::string user = {};
  std::vector<std::string> env = {};
  std::vector<std::string> entrypoint = {};
  std::vector<std::string> cmd = {};
  std::string working_dir = {};
  std::set<std::string> volumes = {};
  std::set<std::string> exposed_ports = {};  // "80/tcp"
  std::map<std::string, std::string> labels = {};
  std::string stop_signal = {};
  std::vector<std::string> shell = {};
  std::optional<HealthConfig> healthcheck = {};
  std::vector<std::string> on_build = {};
};

struct HistoryEntry {
  std::string created = {};
  std::string created_by = {};
  std::string author = {};
  std::string comment = {};
  bool empty_layer = false;
};

struct ImageConfig {
  std::string created = {};  // RFC 3339; empty where the document has none
  std::string author = {};
  std::string architecture = {};
  std::string os = {};
  std::string variant = {};
  std::string os_version = {};
  RunConfig config = {};
  std::vector<Digest> diff_ids = {};  // the lowest first
  std::vector<HistoryEntry> history = {};
};

ImageConfig parse_image_config(std::string_view json);
std::string print_image_config(const ImageConfig& config);

}  // namespace seatrial::spec
