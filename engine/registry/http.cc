#include "engine/registry/http.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>

#include "engine/registry/curl.h"
#include "engine/registry/fields.h"

namespace seatrial::registry {
namespace {

// More is no header of a registry but an attempt to fill our memory.
constexpr std::size_t kHeadLimit = 256u << 10;
// Of a reply that is not a success only the error document counts.
constexpr std::size_t kErrorBodyLimit = 64u << 10;

// An easy handle and the multi handle that drives it. The multi handle owns the connections: they
// stay open between requests. One pair has one user at a time.
struct Lane {
  std::unique_ptr<CURLM, decltype(Curl::multi_cleanup)> multi{curl().multi_init(),
                                                              curl().multi_cleanup};
  std::unique_ptr<CURL, decltype(Curl::easy_cleanup)> easy{curl().easy_init(), curl().easy_cleanup};
};

// One request under way: what libcurl's callbacks need.
class Transfer {
 public:
  Transfer(const HttpRequest& request, CURL* easy) : request_(request), easy_(easy) {
    response_.url = request.url;
  }

  HttpResponse& response() { return response_; }
  std::exception_ptr failure() const { return failure_; }

  // A reply without a body has a head all the same.
  void finish() {
    if (response_.broken.empty()) guarded([&] { announce_head(); });
  }

  static std::size_t header(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.guarded([&] { transfer.take_header({data, size}); }) ? size : 0;
  }

  static std::size_t write(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    return transfer.guarded([&] { transfer.take_body({data, size}); })
               ? size
               : static_cast<std::size_t>(CURL_WRITEFUNC_ERROR);
  }

  static std::size_t read(char* buffer, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::size_t got = 0;
    return transfer.guarded([&] { got = transfer.give_body(buffer, size); }) ? got
                                                                             : CURL_READFUNC_ABORT;
  }

  // libcurl sends a body again when a kept connection turned out to be closed.
  static int seek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Transfer*>(self)->sent_ = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }

 private:
  // Exceptions must not cross libcurl: they are kept, and the transfer ends.
  template <typename Body>
  bool guarded(Body&& body) {
    try {
      body();
      return true;
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
      return false;
    }
  }

  void take_header(std::string_view line) {
    head_size_ += line.size();
    if (head_size_ > kHeadLimit) {
      throw error(Kind::kExhausted, "the header is larger than {} bytes", kHeadLimit);
    }
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // also after "100 Continue"
      response_.head.fields.clear();
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return;
    std::string name(line.substr(0, colon));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    line.remove_prefix(colon + 1);
    const std::size_t first = std::min(line.find_first_not_of(" \t"), line.size());
    response_.head.fields.emplace_back(std::move(name), line.substr(first));
  }

  void announce_head() {
    if (announced_) return;
    announced_ = true;
    long status = 0;
    curl().easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.head.status = static_cast<int>(status);
    if (request_.on_head) request_.on_head(response_.head);
  }

  void take_body(std::string_view bytes) {
    announce_head();
    if (!response_.head.is_success()) {
      bytes = bytes.substr(0, kErrorBodyLimit - std::min(kErrorBodyLimit, response_.body.size()));
      response_.body += bytes;
      return;
    }
    if (request_.on_body) return request_.on_body(bytes);
    response_.body += bytes;
    if (response_.body.size() > request_.limit) {
      throw error(Kind::kExhausted, "the reply is larger than {} bytes", request_.limit);
    }
  }

  std::size_t give_body(char* buffer, std::size_t size) {
    std::size_t got = 0;
    if (request_.file.fd < 0) {
      got = request_.body.copy(buffer, size, static_cast<std::size_t>(sent_));
    } else {
      size = static_cast<std::size_t>(std::min<std::uint64_t>(size, request_.file.size - sent_));
      const ssize_t result =
          ::pread(request_.file.fd, buffer, size, static_cast<off_t>(request_.file.offset + sent_));
      if (result < 0) throw sys_error(errno, "read what is sent");
      if (result == 0 && size > 0) throw error(Kind::kConflict, "what is sent became shorter");
      got = static_cast<std::size_t>(result);
    }
    sent_ += got;
    if (request_.on_sent) request_.on_sent(sent_);
    return got;
  }

  const HttpRequest& request_;
  CURL* easy_;
  HttpResponse response_;
  std::exception_ptr failure_;
  std::size_t head_size_ = 0;
  std::uint64_t sent_ = 0;
  bool announced_ = false;
};

void set_body(CURL* easy, const HttpRequest& request, Transfer& transfer) {
  const bool has_body = request.file.fd >= 0 || !request.body.empty();
  if (request.method == "HEAD") curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (has_body || request.method == "PUT" || request.method == "POST" ||
      request.method == "PATCH") {
    const std::uint64_t size = request.file.fd >= 0 ? request.file.size : request.body.size();
    curl().easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl().easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
    curl().easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::read);
    curl().easy_setopt(easy, CURLOPT_READDATA, &transfer);
    curl().easy_setopt(easy, CURLOPT_SEEKFUNCTION, &Transfer::seek);
    curl().easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
    curl().easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
  }
  curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_tls(CURL* easy, const Tls& tls) {
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  curl().easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!tls.authorities.empty()) {
    // Replaces the bundle file alone: the system's directory of authorities stays in force.
    curl_blob authorities{.data = const_cast<char*>(tls.authorities.data()),
                          .len = tls.authorities.size(),
                          .flags = CURL_BLOB_COPY};
    curl().easy_setopt(easy, CURLOPT_CAINFO_BLOB, &authorities);
  }
  if (!tls.certificate.empty()) {
    curl().easy_setopt(easy, CURLOPT_SSLCERT, tls.certificate.c_str());
    curl().easy_setopt(easy, CURLOPT_SSLKEY, tls.key.c_str());
  }
}

void set_timeouts(CURL* easy, const Timeouts& timeouts, bool is_document) {
  curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeouts.connect.count()));
  curl().easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl().easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(timeouts.stall.count()));
  if (is_document) {
    curl().easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeouts.document.count()));
  }
}

void set_peer(CURL* easy, const HttpRequest& request) {
  curl().easy_setopt(easy, CURLOPT_URL, request.url.text().c_str());
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  // Each caller has a connection of its own, so HTTP/2 has nothing to gain here.
  curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl().easy_setopt(easy, CURLOPT_BUFFERSIZE, 512L << 10);
  // A proxy of the environment is for the world outside, whatever no_proxy forgot to say.
  if (is_loopback(request.url.host)) curl().easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

// What a failure of libcurl means to a caller.
void explain(CURLcode code, std::string_view detail, const Url& url, HttpResponse& response) {
  std::string reason = detail.empty() ? curl().easy_strerror(code) : printable(detail);
  while (reason.ends_with('.') || reason.ends_with('?')) reason.pop_back();
  response.broken = fmt::format("{}: {}", url.authority(), reason);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      response.kind = Kind::kTimeout;
      response.may_retry = true;
      break;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      response.may_retry = true;
      response.may_be_other = true;
      break;
    case CURLE_UNSUPPORTED_PROTOCOL:  // no HTTP at all: libcurl takes it for HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_SSL_CONNECT_ERROR:
      response.may_be_other = true;
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
      response.kind = Kind::kDenied;
      break;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      response.kind = Kind::kInvalidArgument;
      break;
    default:
      break;
  }
}

// Drives the one transfer of `multi` to its end; nothing when `stop` came first.
std::optional<CURLcode> drive(CURLM* multi, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [multi] { curl().multi_wakeup(multi); });
  for (;;) {
    if (stop.stop_requested()) return std::nullopt;
    int running = 0;
    if (curl().multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi, &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    if (curl().multi_poll(multi, nullptr, 0, 1000, nullptr) != CURLM_OK) return CURLE_FAILED_INIT;
  }
}

}  // namespace

std::string ResponseHead::get(std::string_view name) const {
  std::string joined;
  for (const auto& [field, value] : fields) {
    if (field != name) continue;
    if (!joined.empty()) joined += ", ";
    joined += value;
  }
  return joined;
}

// Idle lanes; the one used last first, because its connection is the likeliest to be alive.
class Http::Pool {
 public:
  Lane take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return {};
    Lane lane = std::move(idle_.back());
    idle_.pop_back();
    return lane;
  }
  void give_back(Lane lane) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(lane));
  }

 private:
  std::mutex mutex_;
  std::vector<Lane> idle_;
};

Http::Http(std::string user_agent, Timeouts timeouts)
    : user_agent_(std::move(user_agent)), timeouts_(timeouts), pool_(std::make_unique<Pool>()) {
  static_cast<void>(curl());  // refuses here rather than in the midst of things
}

Http::~Http() = default;

HttpResponse Http::send(const HttpRequest& request, const std::stop_token& stop) {
  Lane lane = pool_->take();
  if (!lane.easy || !lane.multi) throw error(Kind::kExhausted, "no memory for a transfer");
  CURL* easy = lane.easy.get();
  curl().easy_reset(easy);
  Transfer transfer(request, easy);
  char detail[CURL_ERROR_SIZE] = "";

  std::unique_ptr<curl_slist, decltype(Curl::slist_free_all)> fields(nullptr,
                                                                     curl().slist_free_all);
  const auto add_field = [&](const std::string& field) {
    curl_slist* longer = curl().slist_append(fields.get(), field.c_str());
    if (longer == nullptr) throw error(Kind::kExhausted, "no memory for a header");
    static_cast<void>(fields.release());
    fields.reset(longer);
  };
  for (const std::string& field : request.fields) add_field(field);
  add_field("Expect:");  // waiting for "100 Continue" costs a round trip and hangs on some proxies

  set_peer(easy, request);
  set_tls(easy, request.tls);
  set_timeouts(easy, timeouts_, !request.on_body && request.file.fd < 0);
  set_body(easy, request, transfer);
  curl().easy_setopt(easy, CURLOPT_USERAGENT, user_agent_.c_str());
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, fields.get());
  curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::header);
  curl().easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::write);
  curl().easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);

  if (curl().multi_add_handle(lane.multi.get(), easy) != CURLM_OK) {
    throw error(Kind::kInternal, "libcurl takes no transfer");
  }
  const std::optional<CURLcode> code = drive(lane.multi.get(), stop);
  if (code && *code != CURLE_OK) explain(*code, detail, request.url, transfer.response());
  if (code) transfer.finish();
  curl().multi_remove_handle(lane.multi.get(), easy);  // before what the callbacks use goes away
  pool_->give_back(std::move(lane));
  if (transfer.failure()) std::rethrow_exception(transfer.failure());
  if (!code) throw_cancelled();
  return std::move(transfer.response());
}

void throw_cancelled() {
  throw error(Kind::kConflict, "cancelled");
}

}  // namespace seatrial::registry
