#include "engine/registry/client.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <variant>

#include "engine/registry/download.h"
#include "engine/registry/fields.h"
#include "engine/registry/parallel.h"
#include "engine/spec/json_document.h"
#include "engine/spec/json_reader.h"

namespace seatrial::registry {
namespace {

using spec::Descriptor;
using spec::Digest;
using spec::Index;
using spec::Manifest;
using spec::Reference;

constexpr int kMaxIndexDepth = 4;
constexpr int kMaxPages = 1000;

std::string name_of(const Reference& reference) {
  return reference.digest ? reference.digest->text() : reference.tag;
}

Scopes pull_scopes(const std::string& repository) {
  return {"repository:" + repository + ":pull"};
}

// Config and layers, each digest once; the config first, because it is small and says most.
std::vector<Descriptor> blobs_of(const Manifest& manifest) {
  std::vector<Descriptor> blobs;
  std::set<Digest> seen;
  const auto add = [&](const Descriptor& blob) {
    if (seen.insert(blob.digest).second) blobs.push_back(blob);
  };
  add(manifest.config);
  std::ranges::for_each(manifest.layers, add);
  return blobs;
}

// What no image store could use is refused before its layers are fetched.
void check_image(const Manifest& manifest) {
  if (!spec::media_type::is_config(manifest.config.media_type)) {
    throw error(Kind::kUnsupported, "\"{}\" is not the config of a container image",
                printable(manifest.config.media_type, 80));
  }
  if (manifest.config.size > spec::kManifestLimit) {
    throw error(Kind::kExhausted, "the config is larger than {} bytes", spec::kManifestLimit);
  }
  for (const Descriptor& layer : manifest.layers) {
    if (spec::media_type::is_layer(layer.media_type)) continue;
    throw error(Kind::kUnsupported, "layer {} is of the unknown type \"{}\"", layer.digest.text(),
                printable(layer.media_type, 80));
  }
}

void store_manifest(const image::BlobStore& store, const Fetched& manifest) {
  image::BlobStore::Writer writer = store.begin(&manifest.descriptor.digest);
  writer.restart();
  writer.write(std::as_bytes(std::span(manifest.bytes)));
  writer.commit(manifest.descriptor.digest, manifest.descriptor.size);
}

}  // namespace

class Client::Impl {
 public:
  explicit Impl(ClientOptions options)
      : options_(std::move(options)),
        http_(options_.user_agent, options_.timeouts),
        hosts_(options_.certs_dir, options_.insecure),
        auth_file_(options_.auth_file.empty() ? AuthFile() : AuthFile::load(options_.auth_file)) {}

  unsigned workers() const { return std::clamp(options_.parallel, 1u, 6u); }

  Session& session(const std::string& registry) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Session>& session = sessions_[registry];
    if (!session) session = std::make_unique<Session>(around_, registry);
    return *session;
  }

  Pulled pull(const Reference& reference, const image::BlobStore& store, const Watcher& watcher,
              const std::stop_token& stop) {
    Session& peer = session(reference.registry);
    const Scopes scopes = pull_scopes(reference.repository);
    const auto [fetched, manifest, named] =
        choose_manifest(peer, reference.repository, name_of(reference), scopes, stop);
    check_image(manifest);
    const std::vector<Descriptor> blobs = blobs_of(manifest);
    Announcer announcer(watcher);
    for_each_parallel(
        blobs.size(), workers(), stop, [&](std::size_t index, const std::stop_token& ours) {
          download_blob(peer, reference.repository, scopes, blobs[index], store, announcer, ours);
        });
    store_manifest(store, fetched);
    return {.manifest = fetched.descriptor.digest, .named = named};
  }

  struct Push {
    const image::BlobStore& store;
    Session& peer;
    const std::string& repository;
    Scopes scopes;
    const UploadOptions& upload;
    Announcer& announcer;
    const std::stop_token& stop;
  };

  void push(const Push& push, const Digest& digest, const std::string& name) {
    const std::string bytes = push.store.read(digest, spec::kManifestLimit);
    const auto document = spec::parse_manifest(bytes, "");
    Fetched manifest{.descriptor = {.digest = digest, .size = bytes.size()}, .bytes = bytes};
    if (const Index* index = std::get_if<Index>(&document)) {
      manifest.descriptor.media_type = index->media_type;
      for (const Descriptor& child : index->manifests) {
        this->push(push, child.digest, child.digest.text());
      }
    } else {
      manifest.descriptor.media_type = std::get<Manifest>(document).media_type;
      push_blobs(push, std::get<Manifest>(document));
    }
    put_manifest(push.peer, push.repository, name, manifest, push.scopes, push.stop);
  }

  std::vector<std::string> tags(const Reference& reference, const std::stop_token& stop) {
    Session& peer = session(reference.registry);
    const Purpose purpose{.scopes = pull_scopes(reference.repository)};
    std::vector<std::string> result;
    Url url = peer.url(reference.repository + "/tags/list?n=1000", stop);
    for (int page = 0; page < kMaxPages; ++page) {
      const HttpResponse response = peer.send({.url = url}, purpose, stop);
      if (!response.broken.empty() || !response.head.is_success()) peer.refuse(response, "GET");
      const spec::Document document(response.body, "tags");
      for (std::string& tag : spec::Reader(document).strings_or_none("tags")) {
        result.push_back(std::move(tag));
      }
      const auto next = next_link(response.head.get("link"));
      if (!next) return result;
      url = resolve_url(response.url, *next);
      if (!url.same_origin(response.url)) {
        throw error(Kind::kDenied, "the next page is said to be on {}", url.authority());
      }
    }
    throw error(Kind::kExhausted, "more than {} pages", kMaxPages);
  }

 private:
  struct Chosen {
    Fetched fetched;
    Manifest manifest;
    Digest named;  // where the way began
  };

  // Through indexes down to the manifest for our platform.
  Chosen choose_manifest(Session& peer, const std::string& repository, std::string name,
                         const Scopes& scopes, const std::stop_token& stop) {
    std::optional<Descriptor> announced;
    std::optional<Digest> named;
    for (int depth = 0; depth < kMaxIndexDepth; ++depth) {
      Fetched fetched = get_manifest(peer, repository, name, scopes, stop);
      if (!named) named = fetched.descriptor.digest;
      auto document = with_context(fmt::format("manifest {}", name), [&] {
        if (announced) check_announced(*announced, fetched.descriptor);
        return spec::parse_manifest(fetched.bytes, fetched.descriptor.media_type);
      });
      if (Manifest* manifest = std::get_if<Manifest>(&document)) {
        return {std::move(fetched), std::move(*manifest), *named};
      }
      announced = spec::choose(std::get<Index>(document), options_.platform);
      name = announced->digest.text();
    }
    throw error(Kind::kInvalidArgument, "indexes name indexes, more than {} deep", kMaxIndexDepth);
  }

  static void check_announced(const Descriptor& announced, const Descriptor& found) {
    if (announced.size != found.size) {
      throw error(Kind::kInvalidArgument, "it has {} bytes where the index announces {}",
                  found.size, announced.size);
    }
    if (announced.media_type != found.media_type) {
      throw error(Kind::kInvalidArgument, "it is \"{}\" where the index announces \"{}\"",
                  printable(found.media_type, 80), printable(announced.media_type, 80));
    }
  }

  void push_blobs(const Push& push, const Manifest& manifest) {
    std::vector<Descriptor> blobs = blobs_of(manifest);
    std::erase_if(blobs, [](const Descriptor& blob) {
      return spec::media_type::is_foreign_layer(blob.media_type);
    });
    for_each_parallel(blobs.size(), workers(), push.stop,
                      [&](std::size_t index, const std::stop_token& ours) {
                        upload_blob(push.peer, push.repository, push.scopes, blobs[index],
                                    push.store, push.upload, push.announcer, ours);
                      });
  }

  ClientOptions options_;
  Http http_;
  Hosts hosts_;
  AuthFile auth_file_;
  Surroundings around_{
      .http = http_, .hosts = hosts_, .auth_file = auth_file_, .patience = options_.patience};
  std::mutex mutex_;  // guards sessions_
  std::map<std::string, std::unique_ptr<Session>> sessions_;
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;

void Client::ping(const std::string& registry, const std::stop_token& stop) {
  with_context(fmt::format("ping {}", registry), [&] {
    Session& peer = impl_->session(registry);
    const HttpResponse response = peer.send({.url = peer.url("", stop)}, {}, stop);
    if (!response.broken.empty() || !response.head.is_success()) peer.refuse(response, "GET /v2/");
  });
}

Descriptor Client::resolve(const Reference& reference, const std::stop_token& stop) {
  return with_context(fmt::format("resolve {}", reference.canonical()), [&] {
    return head_manifest(impl_->session(reference.registry), reference.repository,
                         name_of(reference), pull_scopes(reference.repository), stop);
  });
}

Fetched Client::fetch_manifest(const Reference& reference, const std::stop_token& stop) {
  return with_context(fmt::format("fetch {}", reference.canonical()), [&] {
    return get_manifest(impl_->session(reference.registry), reference.repository,
                        name_of(reference), pull_scopes(reference.repository), stop);
  });
}

Pulled Client::pull(const Reference& reference, const image::BlobStore& store,
                    const Watcher& watcher, const std::stop_token& stop) {
  return with_context(fmt::format("pull {}", reference.canonical()),
                      [&] { return impl_->pull(reference, store, watcher, stop); });
}

void Client::push(const image::BlobStore& store, const Digest& manifest, const Reference& reference,
                  const UploadOptions& upload, const Watcher& watcher,
                  const std::stop_token& stop) {
  with_context(fmt::format("push {}", reference.canonical()), [&] {
    if (reference.digest && *reference.digest != manifest) {
      throw error(Kind::kInvalidArgument, "the manifest is {}", manifest.text());
    }
    Scopes scopes{"repository:" + reference.repository + ":pull,push"};
    if (!upload.mount_from.empty()) scopes.push_back(pull_scopes(upload.mount_from).front());
    Announcer announcer(watcher);
    impl_->push({.store = store,
                 .peer = impl_->session(reference.registry),
                 .repository = reference.repository,
                 .scopes = std::move(scopes),
                 .upload = upload,
                 .announcer = announcer,
                 .stop = stop},
                manifest, name_of(reference));
  });
}

std::vector<std::string> Client::tags(const Reference& reference, const std::stop_token& stop) {
  return with_context(
      fmt::format("list the tags of {}/{}", reference.registry, reference.repository),
      [&] { return impl_->tags(reference, stop); });
}

}  // namespace seatrial::registry
