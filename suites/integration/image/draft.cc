// Images as text and bytes, written without the engine's own code.
#include <zlib.h>
#include <zstd.h>

#include <cstring>

#include "engine/base/error.h"
#include "harness/fixtures/image_layout.h"
#include "suites/integration/image/image_case.h"

namespace image_suite {
namespace {

using seatrial::harness::sha256_digest;

std::string gzip(const std::string& bytes) {
  constexpr int kGzipWindow = 15 + 16;
  z_stream stream{};
  if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
    throw seatrial::error(seatrial::Kind::kExhausted, "zlib has no memory");
  }
  std::string out(::deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (result != Z_STREAM_END) throw seatrial::error(seatrial::Kind::kInternal, "zlib: {}", result);
  return out;
}

std::string zstd(const std::string& bytes) {
  std::string out(::ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ::ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3);
  if (::ZSTD_isError(size) != 0) throw seatrial::error(seatrial::Kind::kInternal, "zstd failed");
  out.resize(size);
  return out;
}

std::string edited(std::string text, const std::vector<Edit>& edits) {
  for (const Edit& edit : edits) {
    const std::size_t at = text.find(edit.from);
    if (at == std::string::npos) {
      throw seatrial::error(seatrial::Kind::kInternal, "the draft has no {} in {}", edit.from,
                            text);
    }
    text.replace(at, edit.from.size(), edit.to);
  }
  return text;
}

std::string descriptor(const std::string& type, const std::string& bytes,
                       const std::string& more = {}) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}{}}})", type,
                     sha256_digest(bytes), bytes.size(), more);
}

std::string blob_name(const std::string& bytes) {
  return "blobs/sha256/" + sha256_digest(bytes).substr(7);
}

}  // namespace

void pax(TarWriter& tar, const std::vector<std::pair<std::string, std::string>>& records) {
  std::string content;
  for (const auto& [key, value] : records) {
    const std::size_t bare = key.size() + value.size() + 3;  // blank, "=", newline
    std::size_t length = bare + std::to_string(bare).size();
    if (std::to_string(length).size() != std::to_string(bare).size()) ++length;
    content += fmt::format("{} {}={}\n", length, key, value);
  }
  tar.add({.path = "PaxHeaders/trial", .type = 'x', .content = content});
}

std::string bare_tar(const std::function<void(TarWriter&)>& fill) {
  std::string bytes;
  TarWriter writer([&](std::string_view part) { bytes += part; });
  fill(writer);
  writer.finish();
  return bytes;
}

std::string packed(const std::string& bytes, Packing packing) {
  if (packing == Packing::kGzip) return gzip(bytes);
  if (packing == Packing::kZstd) return zstd(bytes);
  return bytes;
}

Layer layer(const std::function<void(TarWriter&)>& fill, Packing packing) {
  const std::string bare = bare_tar(fill);
  Layer made{.bytes = packed(bare, packing), .diff_id = sha256_digest(bare)};
  if (packing == Packing::kGzip) made.media_type += "+gzip";
  if (packing == Packing::kZstd) made.media_type += "+zstd";
  return made;
}

std::string config_text(const Draft& draft) {
  std::string ids;
  for (const Layer& each : draft.layers) {
    ids += fmt::format("{}\"{}\"", ids.empty() ? "" : ",", each.diff_id);
  }
  return edited(
      fmt::format(R"({{"architecture":"amd64","os":"linux","config":{{"Cmd":["/trial"]}},)"
                  R"("rootfs":{{"type":"layers","diff_ids":[{}]}},"history":{}}})",
                  ids, draft.history),
      draft.config);
}

std::string manifest_text(const Draft& draft) {
  std::string layers;
  for (const Layer& each : draft.layers) {
    layers += (layers.empty() ? "" : ",") + descriptor(each.media_type, each.bytes);
  }
  return edited(
      fmt::format(R"({{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
                  R"("config":{},"layers":[{}]}})",
                  descriptor("application/vnd.oci.image.config.v1+json", config_text(draft)),
                  layers),
      draft.manifest);
}

Files oci_layout(const Draft& draft) {
  const std::string config = config_text(draft);
  const std::string manifest = manifest_text(draft);
  const std::string name =
      fmt::format(R"(,"annotations":{{"org.opencontainers.image.ref.name":"{}"}})", draft.name);
  const std::string index =
      edited(fmt::format(R"({{"schemaVersion":2,"manifests":[{}]}})",
                         descriptor("application/vnd.oci.image.manifest.v1+json", manifest, name)),
             draft.index);
  Files files{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"},
              {"index.json", index},
              {blob_name(manifest), manifest},
              {blob_name(config), config}};
  for (const Layer& each : draft.layers) files.emplace_back(blob_name(each.bytes), each.bytes);
  return files;
}

Files docker_archive(const Draft& draft) {
  const std::string config = config_text(draft);
  const std::string config_file = sha256_digest(config).substr(7) + ".json";
  Files files;
  std::string layers;
  for (std::size_t i = 0; i < draft.layers.size(); ++i) {
    const std::string file = fmt::format("{:064x}/layer.tar", i);
    layers += fmt::format("{}\"{}\"", i == 0 ? "" : ",", file);
    files.emplace_back(file, draft.layers[i].bytes);
  }
  files.emplace_back(config_file, config);
  files.emplace_back("manifest.json",
                     edited(fmt::format(R"([{{"Config":"{}","RepoTags":["{}"],"Layers":[{}]}}])",
                                        config_file, draft.name, layers),
                            draft.manifest));
  return files;
}

std::string tar_of(const Files& files) {
  return bare_tar([&](TarWriter& tar) {
    for (const auto& [name, content] : files) tar.file(name, content);
  });
}

std::vector<std::pair<TarEntry, std::string>> entries_of(const std::string& tar) {
  constexpr std::size_t kBlock = 512;
  std::vector<std::pair<TarEntry, std::string>> entries;
  for (std::size_t at = 0; at + kBlock <= tar.size() && tar[at] != '\0';) {
    const std::string name = tar.substr(at, 100).c_str();
    const std::size_t size = std::stoull(tar.substr(at + 124, 11), nullptr, 8);
    entries.push_back({{.path = name, .type = tar[at + 156]}, tar.substr(at + kBlock, size)});
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
  return entries;
}

}  // namespace image_suite
