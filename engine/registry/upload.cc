#include "engine/registry/upload.h"

#include <algorithm>
#include <optional>

#include "engine/registry/fields.h"

namespace seatrial::registry {
namespace {

class Upload {
 public:
  Upload(Session& session, std::string repository, Scopes scopes, const spec::Descriptor& blob,
         const image::BlobStore& store, const UploadOptions& options, Announcer& announcer)
      : session_(session),
        repository_(std::move(repository)),
        scopes_(std::move(scopes)),
        blob_(blob),
        store_(store),
        options_(options),
        announcer_(announcer) {}

  void run(const std::stop_token& stop) {
    if (exists(stop)) return say(Progress::State::kExists, blob_.size);
    const UniqueFd content = store_.open(blob_.digest);
    for (int failures = 0;;) {
      const std::optional<HttpResponse> opened = open_or_mount(stop);
      if (!opened) return say(Progress::State::kMounted, blob_.size);
      const HttpResponse end = send(*opened, content.get(), stop);
      if (end.broken.empty() && end.head.status == 201) break;
      // The registry may have forgotten the upload when the connection broke.
      const bool can_retry = end.may_retry || (end.head.status == 404 && failures > 0);
      if (!can_retry || ++failures >= session_.patience().attempts) session_.refuse(end, "upload");
      say(Progress::State::kWaiting, 0);
      wait_for(backoff(session_.patience(), failures - 1), stop);
    }
    say(Progress::State::kDone, blob_.size);
  }

 private:
  void say(Progress::State state, std::uint64_t done) {
    announcer_.say({.digest = blob_.digest, .state = state, .done = done, .total = blob_.size});
  }

  HttpResponse request(HttpRequest request, bool retry_broken, const std::stop_token& stop) {
    return session_.send(std::move(request), {.scopes = scopes_, .retry_broken = retry_broken},
                         stop);
  }

  bool exists(const std::stop_token& stop) {
    const HttpResponse response = request(
        {.method = "HEAD",
         .url = session_.url(fmt::format("{}/blobs/{}", repository_, blob_.digest.text()), stop)},
        true, stop);
    if (response.broken.empty() && response.head.status == 404) return false;
    if (!response.broken.empty() || !response.head.is_success()) session_.refuse(response, "HEAD");
    return true;
  }

  // The answer that opens an upload; nothing when the blob was mounted.
  std::optional<HttpResponse> open_or_mount(const std::stop_token& stop) {
    Url url = session_.url(repository_ + "/blobs/uploads/", stop);
    if (!options_.mount_from.empty()) {
      url = with_query(url, "mount", blob_.digest.text());
      url = with_query(url, "from", options_.mount_from);
    }
    HttpResponse response = request({.method = "POST", .url = url}, true, stop);
    if (response.broken.empty() && response.head.status == 201 && !options_.mount_from.empty()) {
      return std::nullopt;
    }
    if (!response.broken.empty() || response.head.status != 202) {
      session_.refuse(response, "begin the upload");
    }
    return response;
  }

  // The answer to the last request of the upload, or the first that is no success.
  HttpResponse send(const HttpResponse& opened, int content, const std::stop_token& stop) {
    Url url = session_.location(opened);
    FileBody body{.fd = content, .offset = 0, .size = blob_.size};
    const auto least = parse_decimal(opened.head.get("oci-chunk-min-length"));
    const std::uint64_t chunk = std::max(options_.chunk, least.value_or(0));
    if (options_.chunk > 0 && chunk < blob_.size) {
      while (body.size > 0) {
        const FileBody part{
            .fd = content, .offset = body.offset, .size = std::min(chunk, body.size)};
        HttpResponse answer = request(with_body("PATCH", url, part,
                                                fmt::format("Content-Range: {}-{}", part.offset,
                                                            part.offset + part.size - 1)),
                                      false, stop);
        if (!answer.broken.empty() || answer.head.status != 202) return answer;
        url = session_.location(answer);  // it changes with every part
        body.offset += part.size;
        body.size -= part.size;
      }
    }
    return request(with_body("PUT", with_query(url, "digest", blob_.digest.text()), body, {}),
                   false, stop);
  }

  HttpRequest with_body(std::string method, Url url, FileBody body, std::string range) {
    HttpRequest result{.method = std::move(method), .url = std::move(url), .file = body};
    result.fields.emplace_back("Content-Type: application/octet-stream");
    if (!range.empty()) result.fields.push_back(std::move(range));
    result.on_sent = [this, offset = body.offset](std::uint64_t sent) {
      say(Progress::State::kUploading, offset + sent);
    };
    return result;
  }

  Session& session_;
  std::string repository_;
  Scopes scopes_;
  const spec::Descriptor& blob_;
  const image::BlobStore& store_;
  const UploadOptions& options_;
  Announcer& announcer_;
};

}  // namespace

void upload_blob(Session& session, const std::string& repository, const Scopes& scopes,
                 const spec::Descriptor& blob, const image::BlobStore& store,
                 const UploadOptions& options, Announcer& announcer, const std::stop_token& stop) {
  with_context(fmt::format("blob {}", blob.digest.text()), [&] {
    if (store.size(blob.digest) != blob.size) {
      throw error(Kind::kInvalidArgument, "it has {} bytes where {} were announced",
                  store.size(blob.digest), blob.size);
    }
    Upload(session, repository, scopes, blob, store, options, announcer).run(stop);
  });
}

}  // namespace seatrial::registry
