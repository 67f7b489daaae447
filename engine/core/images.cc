// Images: the store and the registry client, in Docker's words.
#include <fmt/format.h>
#include <set>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "engine/base/error.h"
#include "engine/core/changes.h"
#include "engine/core/filters.h"
#include "engine/core/impl.h"
#include "engine/core/times.h"
#include "engine/registry/client.h"
#include "engine/spec/reference.h"

namespace seatrial::core {
namespace {

std::string familiar(const std::string& canonical) {
  return spec::parse_reference(canonical).familiar();
}

ImageSummary summary_of(const image::ImageRecord& image) {
  ImageSummary summary{.id = image.id.text(),
                       .created = parse_time(image.config.created).value_or(Time()),
                       .size = image.size,
                       .labels = image.config.config.labels,
                       .architecture = image.config.architecture,
                       .os = image.config.os};
  for (const std::string& name : image.names) summary.repo_tags.push_back(familiar(name));
  for (const std::string& digest : image.digests) {
    summary.repo_digests.push_back(familiar(digest));
  }
  return summary;
}

int users_of(const std::vector<ContainerRecord>& containers, const std::string& image) {
  return static_cast<int>(
      std::count_if(containers.begin(), containers.end(),
                    [&](const ContainerRecord& each) { return each.image_id == image; }));
}

spec::Platform parse_platform(const std::string& text) {
  if (text.empty()) return spec::host_platform();
  std::istringstream parts(text);
  spec::Platform platform;
  std::getline(parts, platform.os, '/');
  std::getline(parts, platform.architecture, '/');
  std::getline(parts, platform.variant, '/');
  if (platform.os.empty() || platform.architecture.empty() || !parts.eof()) {
    throw error(Kind::kInvalidArgument, "\"{}\" is not a platform, as in linux/amd64", text);
  }
  return platform;
}

std::filesystem::path docker_config(const EngineOptions& options) {
  if (!options.docker_config.empty()) return options.docker_config;
  if (const char* directory = std::getenv("DOCKER_CONFIG")) {
    return std::filesystem::path(directory) / "config.json";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "/root" : home) / ".docker/config.json";
}

registry::ClientOptions client_options(const EngineOptions& options, const RegistryAuth& auth) {
  if (!auth.empty()) {
    throw error(Kind::kUnsupported,
                "credentials given with the call are not supported yet; put them into {}",
                docker_config(options).native());
  }
  return {.auth_file = docker_config(options),
          .certs_dir = options.registry_certificates,
          .insecure = options.insecure_registries};
}

std::string_view state_text(registry::Progress::State state) {
  using State = registry::Progress::State;
  switch (state) {
    case State::kDownloading:
      return "Downloading";
    case State::kWaiting:
      return "Waiting";
    case State::kUploading:
      return "Pushing";
    case State::kMounted:
      return "Mounted from another repository";
    case State::kExists:
      return "Already exists";
    case State::kDone:
      return "Complete";
  }
  return {};
}

registry::Watcher watcher(const ProgressSink& sink) {
  if (!sink) return {};
  return [&sink](const registry::Progress& progress) {
    sink({.id = std::string(progress.digest.hex().substr(0, 12)),
          .status = std::string(state_text(progress.state)),
          .current = progress.done,
          .total = progress.total});
  };
}

image::ImageStore::Progress unpack_watcher(const ProgressSink& sink) {
  if (!sink) return {};
  return [&sink](const spec::Descriptor& layer, std::uint64_t unpacked) {
    sink({.id = std::string(layer.digest.hex().substr(0, 12)),
          .status = "Extracting",
          .current = unpacked,
          .total = layer.size});
  };
}

// Empty where the name stands for nothing here.
std::string id_of(const image::ImageStore& images, const std::string& reference) {
  try {
    return images.find(reference).id.text();
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
    return {};
  }
}

spec::Reference with_digest(spec::Reference name, const spec::Digest& digest) {
  if (!name.digest) name.digest = digest;
  return name;
}

}  // namespace

PullResult Engine::pull(const std::string& reference, const PullOptions& options,
                        const ProgressSink& progress) {
  const spec::Reference name = spec::parse_reference(reference);
  registry::ClientOptions chosen = client_options(impl_->options, options.auth);
  chosen.platform = parse_platform(options.platform);
  registry::Client client(std::move(chosen));
  const UniqueFd lease = impl_->images.lease();
  const registry::Pulled pulled = client.pull(name, impl_->images.blobs(), watcher(progress));
  const std::string before = id_of(impl_->images, reference);
  const image::ImageRecord image =
      impl_->images.add(pulled.manifest, with_digest(name, pulled.named), unpack_watcher(progress));
  impl_->event("image", "pull", name.familiar(), {{"name", name.familiar_name()}});
  return {
      .id = image.id.text(), .digest = pulled.named.text(), .is_news = image.id.text() != before};
}

PushResult Engine::push(const std::string& reference, const RegistryAuth& auth,
                        const ProgressSink& progress) {
  const spec::Reference name = spec::parse_reference(reference);
  const image::ImageRecord image = impl_->images.find(reference);
  registry::Client client(client_options(impl_->options, auth));
  client.push(impl_->images.blobs(), image.manifest, name, {}, watcher(progress));
  impl_->images.add(image.manifest, with_digest(name, image.manifest));
  impl_->event("image", "push", name.familiar(), {{"name", name.familiar_name()}});
  return {.digest = image.manifest.text(), .size = impl_->images.blobs().size(image.manifest)};
}

std::vector<std::string> Engine::load(int fd, const ProgressSink& progress) {
  std::vector<std::string> loaded;
  for (const image::ImageRecord& image : impl_->images.load(fd, unpack_watcher(progress))) {
    if (image.names.empty()) loaded.push_back(image.id.text());
    for (const std::string& name : image.names) loaded.push_back(familiar(name));
    impl_->event("image", "load", image.id.text());
  }
  return loaded;
}

void Engine::save(const std::vector<std::string>& images, int fd) {
  impl_->images.save(images, fd);
  for (const std::string& image : images) {
    impl_->event("image", "save", impl_->images.find(image).id.text());
  }
}

std::string Engine::import(int tar_fd, const std::string& reference,
                           const std::vector<std::string>& changes, const std::string& message) {
  std::optional<spec::Reference> name;
  if (!reference.empty()) name = spec::parse_reference(reference);
  spec::RunConfig config;
  for (const std::string& change : changes) apply_change(change, config);
  const image::ImageRecord image = impl_->images.import(tar_fd, config, message, name);
  impl_->event("image", "import", image.id.text());
  return image.id.text();
}

std::vector<ImageSummary> Engine::images(bool, const Filters& filters) {
  check_filters(filters, {"reference", "label", "dangling", "before", "since"});
  check_values(filters, "dangling", {"true", "false", "1", "0"});
  const auto made = [&](const std::string& image) {
    return summary_of(impl_->images.find(image)).created;
  };
  const std::vector<ContainerRecord> containers = impl_->store.containers();
  std::vector<ImageSummary> summaries;
  for (const image::ImageRecord& image : impl_->images.list()) {
    ImageSummary summary = summary_of(image);
    const auto keep = [&](const auto& filter) {
      const auto& [key, values] = filter;
      if (key == "label") return labels_match(summary.labels, values);
      if (key == "dangling") {
        const bool wanted = !values.empty() && (values.front() == "true" || values.front() == "1");
        return summary.repo_tags.empty() == wanted;
      }
      if (key == "before" || key == "since") {
        return std::all_of(values.begin(), values.end(), [&](const std::string& value) {
          return key == "before" ? summary.created < made(value) : summary.created > made(value);
        });
      }
      return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
        return std::any_of(summary.repo_tags.begin(), summary.repo_tags.end(),
                           [&](const std::string& tag) { return reference_matches(tag, value); });
      });
    };
    if (!std::all_of(filters.begin(), filters.end(), keep)) continue;
    summary.containers = users_of(containers, summary.id);
    summaries.push_back(std::move(summary));
  }
  std::stable_sort(summaries.begin(), summaries.end(),
                   [](const auto& a, const auto& b) { return a.created > b.created; });
  return summaries;
}

bool Engine::has_image(const std::string& image) {
  try {
    static_cast<void>(impl_->images.find(image));
    return true;
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
    return false;
  }
}

ImageSummary Engine::inspect_image(const std::string& image) {
  ImageSummary summary = summary_of(impl_->images.find(image));
  summary.containers = users_of(impl_->store.containers(), summary.id);
  return summary;
}

std::vector<ImageHistory> Engine::history(const std::string& image) {
  std::vector<ImageHistory> history;
  for (const image::HistoryItem& item : impl_->images.history(image)) {
    ImageHistory entry{.id = item.id ? item.id->text() : "<missing>",
                       .created = parse_time(item.entry.created).value_or(Time()),
                       .created_by = item.entry.created_by,
                       .size = item.size,
                       .comment = item.entry.comment};
    for (const std::string& name : item.names) entry.tags.push_back(familiar(name));
    history.push_back(std::move(entry));
  }
  return history;
}

void Engine::tag(const std::string& image, const std::string& reference) {
  const spec::Reference name = spec::parse_reference(reference);
  impl_->images.tag(image, name);
  impl_->event("image", "tag", impl_->images.find(image).id.text(), {{"name", name.familiar()}});
}

namespace {

image::ImageStore::UsedBy used_by(Engine::Impl& impl) {
  return [&impl](const spec::Digest& id) {
    std::vector<image::ImageStore::User> users;
    for (const ContainerRecord& record : impl.store.containers()) {
      if (record.image_id != id.text()) continue;
      users.push_back({.name = short_id(record.id), .runs = impl.is_running(record)});
    }
    return users;
  };
}

}  // namespace

void Engine::Impl::check_platform(const image::ImageRecord& image, const std::string& reference,
                                  const std::string& platform) {
  if (platform.empty()) return;
  const spec::Platform wanted = parse_platform(platform);
  const spec::Platform actual{.os = image.config.os,
                              .architecture = image.config.architecture,
                              .variant = image.config.variant};
  const bool variants_differ = !wanted.variant.empty() && wanted.variant != actual.variant;
  if (wanted.os == actual.os && wanted.architecture == actual.architecture && !variants_differ) {
    return;
  }
  throw error(Kind::kNotFound,
              "image with reference {} was found but does not match the specified platform: wanted "
              "{}, actual: {}",
              reference, wanted.text(), actual.text());
}

ImageDeletion Engine::remove_image(const std::string& image, bool force) {
  const std::string id = impl_->images.find(image).id.text();
  const image::RemoveResult result = impl_->images.remove(image, force, used_by(*impl_));
  ImageDeletion deletion{.untagged = result.untagged};
  for (const std::string& name : result.untagged) {
    impl_->event("image", "untag", id, {{"name", name}});
  }
  for (const spec::Digest& gone : result.deleted) {
    deletion.deleted.push_back(gone.text());
    impl_->event("image", "delete", gone.text(), {{"name", gone.text()}});
  }
  return deletion;
}

PruneResult Engine::prune_images(bool all, const Filters& filters) {
  check_filters(filters, {"until", "label", "label!"});
  std::set<spec::Digest> spared;
  for (const image::ImageRecord& image : impl_->images.list()) {
    const ImageSummary summary = summary_of(image);
    if (!may_go(filters, summary.created, summary.labels)) spared.insert(image.id);
  }
  const auto in_use = used_by(*impl_);
  const image::RemoveResult result = impl_->images.prune(
      all ? image::ImageStore::Prune::kUnused : image::ImageStore::Prune::kDangling,
      [&](const spec::Digest& id) {
        return spared.contains(id) ? std::vector<image::ImageStore::User>{{.name = "a filter"}}
                                   : in_use(id);
      });
  PruneResult pruned{.deleted = result.untagged, .space_reclaimed = result.reclaimed};
  for (const spec::Digest& id : result.deleted) pruned.deleted.push_back(id.text());
  return pruned;
}

std::string Engine::commit(const CommitRequest& request) {
  const ContainerRecord record = impl_->find(request.container);
  std::optional<spec::Reference> name;
  if (!request.reference.empty()) name = spec::parse_reference(request.reference);
  spec::RunConfig config = impl_->images.find(record.image_id).config.config;
  take_request(record.request, config);
  for (const std::string& change : request.changes) apply_change(change, config);
  const bool paused = request.pause && impl_->state_of(record).status == ContainerStatus::kRunning;
  if (paused) impl_->runtime.pause(record.id);
  std::optional<image::ImageRecord> image;
  try {
    image =
        impl_->images.commit(record.id,
                             {.config = std::move(config),
                              .author = request.author,
                              .comment = request.comment,
                              .created_by = fmt::format("{}", fmt::join(record.request.cmd, " ")),
                              .without_empty = kEnginesFiles},
                             name);
  } catch (...) {
    if (paused) impl_->runtime.resume(record.id);
    throw;
  }
  if (paused) impl_->runtime.resume(record.id);
  impl_->event(record, "commit",
               {{"comment", request.comment},
                {"imageID", image->id.text()},
                {"imageRef", name ? name->familiar() : ""}});
  return image->id.text();
}

}  // namespace seatrial::core
