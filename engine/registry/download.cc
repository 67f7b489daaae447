#include "engine/registry/download.h"

#include <optional>

#include "engine/registry/fields.h"

namespace seatrial::registry {
namespace {

constexpr std::uint64_t kWorthwhile = 1u << 20;

// The server sent another range than the one asked for.
struct WrongRange {};

class Download {
 public:
  Download(Session& session, HttpRequest request, Scopes scopes, const spec::Descriptor& blob,
           const image::BlobStore& store, Announcer& announcer)
      : session_(session),
        request_(std::move(request)),
        scopes_(std::move(scopes)),
        blob_(blob),
        store_(store),
        announcer_(announcer) {}

  void run(const std::stop_token& stop) {
    writer_.emplace(store_.begin(&blob_.digest));
    if (writer_->size() > blob_.size) writer_->restart();
    const bool taken_up = writer_->size() > 0;
    fetch_or_keep(stop);
    try {
      writer_->commit(blob_.digest, blob_.size);
    } catch (const Error&) {
      if (!taken_up) throw;
      // The bytes of an earlier pull may be the bad ones: once more without them.
      writer_.reset();
      writer_.emplace(store_.begin(&blob_.digest));
      fetch_or_keep(stop);
      writer_->commit(blob_.digest, blob_.size);
    }
    say(Progress::State::kDone);
  }

 private:
  void say(Progress::State state) {
    announcer_.say({.digest = blob_.digest,
                    .state = state,
                    .done = state == Progress::State::kDone ? blob_.size : writer_->size(),
                    .total = blob_.size});
  }

  // What broke off stays for the next pull; what a lying server sent does not.
  void fetch_or_keep(const std::stop_token& stop) {
    try {
      fetch(stop);
    } catch (const Error& failure) {
      if (failure.kind() != Kind::kInvalidArgument && writer_->size() > 0) writer_->keep();
      throw;
    }
  }

  void fetch(const std::stop_token& stop) {
    const Patience& patience = session_.patience();
    for (int failures = 0; writer_->size() < blob_.size;) {
      const std::uint64_t before = writer_->size();
      const std::optional<HttpResponse> response = attempt(stop);
      if (response && response->broken.empty() && response->head.is_success()) {
        if (writer_->size() == blob_.size) return;
        throw error(Kind::kInvalidArgument, "the registry sent {} bytes where {} were announced",
                    writer_->size(), blob_.size);
      }
      const bool can_retry =
          !response || response->may_retry || (response->head.status == 416 && before > 0);
      if (writer_->size() >= before + kWorthwhile) failures = 0;
      if (!can_retry || ++failures >= patience.attempts) {
        if (!response) throw error(Kind::kUnavailable, "the registry sends a wrong Content-Range");
        session_.refuse(*response, "GET");
      }
      // Neither another range nor a refused one says what is wrong with the bytes that are here.
      if (!response || response->head.status == 416) writer_->restart();
      say(Progress::State::kWaiting);
      wait_for(backoff(patience, failures - 1), stop);
    }
  }

  // Nothing: the server sent a range that was not asked for.
  std::optional<HttpResponse> attempt(const std::stop_token& stop) {
    HttpRequest request = request_;
    const std::uint64_t offset = writer_->size();
    if (offset > 0) request.fields.push_back(fmt::format("Range: bytes={}-", offset));
    request.on_head = [this, offset](const ResponseHead& head) { take_head(head, offset); };
    request.on_body = [this](std::string_view bytes) { take_body(bytes); };
    try {
      return session_.send(std::move(request), {.scopes = scopes_, .retry_broken = false}, stop);
    } catch (const WrongRange&) {
      return std::nullopt;
    }
  }

  void take_head(const ResponseHead& head, std::uint64_t offset) {
    if (!head.is_success()) return;
    skip_ = 0;
    std::uint64_t expected = blob_.size;
    if (head.status == 206) {
      const auto range = parse_content_range(head.get("content-range"));
      if (offset == 0 || !range || range->first != offset ||
          range->total.value_or(blob_.size) != blob_.size) {
        throw WrongRange();
      }
      expected = blob_.size - offset;
    } else {
      skip_ = offset;  // Range was ignored: what is here already passes by once more
    }
    const auto length = parse_decimal(head.get("content-length"));
    if (length && *length != expected) {
      throw error(Kind::kInvalidArgument, "the registry has {} bytes where {} were announced",
                  *length + (blob_.size - expected), blob_.size);
    }
  }

  void take_body(std::string_view bytes) {
    const std::size_t skipped =
        static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= skipped;
    bytes.remove_prefix(skipped);
    if (bytes.size() > blob_.size - writer_->size()) {
      throw error(Kind::kInvalidArgument, "the registry sends more than the {} bytes announced",
                  blob_.size);
    }
    writer_->write(std::as_bytes(std::span(bytes)));
    say(Progress::State::kDownloading);
  }

  Session& session_;
  HttpRequest request_;
  Scopes scopes_;
  const spec::Descriptor& blob_;
  const image::BlobStore& store_;
  Announcer& announcer_;
  std::optional<image::BlobStore::Writer> writer_;
  std::uint64_t skip_ = 0;  // bytes of the body to pass over
};

}  // namespace

void download_blob(Session& session, const std::string& repository, const Scopes& scopes,
                   const spec::Descriptor& blob, const image::BlobStore& store,
                   Announcer& announcer, const std::stop_token& stop) {
  with_context(fmt::format("blob {}", blob.digest.text()), [&] {
    if (stop.stop_requested()) throw_cancelled();
    if (store.has(blob.digest)) {
      if (const std::uint64_t size = store.size(blob.digest); size != blob.size) {
        throw error(Kind::kInvalidArgument, "it has {} bytes where {} were announced", size,
                    blob.size);
      }
      announcer.say({.digest = blob.digest,
                     .state = Progress::State::kExists,
                     .done = blob.size,
                     .total = blob.size});
      return;
    }
    HttpRequest request{
        .url = session.url(fmt::format("{}/blobs/{}", repository, blob.digest.text()), stop)};
    Download(session, std::move(request), scopes, blob, store, announcer).run(stop);
  });
}

}  // namespace seatrial::registry
