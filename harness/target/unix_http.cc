#include "harness/target/unix_http.h"

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::harness {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using Failure = boost::system::error_code;

constexpr std::uint64_t kBodyInMemory = 64u << 20;
constexpr std::size_t kPiece = 64u << 10;

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// The peer is to blame for all of these: it went away, or what it said is no HTTP.
Error error_of(const Failure& failure, std::string_view doing) {
  if (failure == beast::error::timeout) {
    return error(Kind::kTimeout, "{}: nothing within the deadline", doing);
  }
  if (failure == http::error::end_of_stream || failure == http::error::partial_message ||
      failure == asio::error::eof) {
    return error(Kind::kUnavailable, "{}: the peer hung up", doing);
  }
  if (failure == http::error::body_limit) {
    return error(Kind::kExhausted, "{}: the answer is larger than {} bytes", doing, kBodyInMemory);
  }
  if (failure.category() == boost::system::system_category()) {
    return sys_error(failure.value(), "{}", doing);
  }
  return error(Kind::kInvalidArgument, "{}: {}", doing, failure.message());
}

template <typename Message>
void describe(const HttpRequest& request, bool upgrade, Message& message) {
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  message.set(http::field::host, "localhost");
  message.set(http::field::user_agent, "seatrial");
  const bool has_body = !request.body.empty() || !request.body_file.empty();
  if (!request.content_type.empty()) {
    message.set(http::field::content_type, request.content_type);
  } else if (has_body) {
    message.set(http::field::content_type, "application/json");
  }
  for (const auto& [name, value] : request.headers) message.set(name, value);
  if (upgrade) {
    message.set(http::field::connection, "Upgrade");
    message.set(http::field::upgrade, "tcp");
  } else {
    message.keep_alive(false);
  }
  message.prepare_payload();
}

template <typename Parser>
HttpResponse head_of(const Parser& parser) {
  HttpResponse response{.status = parser.get().result_int()};
  for (const auto& field : parser.get()) {
    response.headers.emplace_back(field.name_string(), field.value());
  }
  return response;
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

struct UnixHttp::Connection {
  using Stream = beast::basic_stream<asio::local::stream_protocol>;
  using Parser = http::response_parser<http::buffer_body>;

  asio::io_context context;
  Stream stream{context};
  beast::flat_buffer buffer;  // what was read and belongs to nobody yet
  std::string piece = std::string(kPiece, '\0');

  // Runs one asynchronous operation to its end: only these know deadlines. The deadline itself is
  // the stream's, set once for a whole call.
  template <typename Start>
  Failure run(Start start) {
    std::optional<Failure> result;
    start([&result](const Failure& failure, auto...) { result = failure; });
    context.restart();
    context.run();
    return result.value_or(asio::error::operation_aborted);
  }

  template <typename Message>
  void send(Message& message, std::string_view doing) {
    http::request_serializer<typename Message::body_type> serializer(message);
    const Failure failure =
        run([&](auto done) { http::async_write(stream, serializer, std::move(done)); });
    // A daemon may answer and hang up before it has the whole body: the answer says why.
    if (failure && failure != asio::error::broken_pipe &&
        failure != asio::error::connection_reset) {
      throw error_of(failure, doing);
    }
  }

  void send(const HttpRequest& request, bool upgrade, std::string_view doing) {
    if (request.body_file.empty()) {
      http::request<http::string_body> message;
      message.body() = request.body;
      describe(request, upgrade, message);
      send(message, doing);
      return;
    }
    http::request<http::file_body> message;
    Failure failure;
    message.body().open(request.body_file.c_str(), beast::file_mode::scan, failure);
    if (failure) throw sys_error(failure.value(), "open {}", request.body_file.native());
    describe(request, upgrade, message);
    send(message, doing);
  }

  // Interim answers (100) are skipped.
  void read_head(std::optional<Parser>& parser, std::string_view doing) {
    do {
      parser.emplace();
      parser->body_limit(boost::none);
      const Failure failure = run(
          [&](auto done) { http::async_read_header(stream, buffer, *parser, std::move(done)); });
      if (failure) throw error_of(failure, doing);
    } while (parser->get().result_int() == 100);
  }

  void read_body(Parser& parser, HttpResponse& response, const Sink& sink, std::string_view doing) {
    const bool to_sink = sink && response.status / 100 == 2;
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = piece.data();
      body.size = piece.size();
      body.more = true;
      const Failure failure =
          run([&](auto done) { http::async_read_some(stream, buffer, parser, std::move(done)); });
      const std::string_view bytes(piece.data(), piece.size() - body.size);
      if (failure && failure != http::error::need_buffer) throw error_of(failure, doing);
      if (to_sink) {
        if (!bytes.empty() && !sink(bytes)) return;
        continue;
      }
      response.body += bytes;
      if (response.body.size() > kBodyInMemory) throw error_of(http::error::body_limit, doing);
    }
  }
};

UnixHttp::UnixHttp(const std::filesystem::path& socket, Milliseconds timeout)
    : connection_(std::make_unique<Connection>()) {
  // A socket's path may be longer than its address: through a descriptor any path fits.
  const UniqueFd target = open_file(socket, O_PATH | O_CLOEXEC);
  const std::string name = fmt::format("/proc/self/fd/{}", target.get());
  connection_->stream.expires_after(timeout);
  const Failure failure = connection_->run([&](auto done) {
    connection_->stream.async_connect(asio::local::stream_protocol::endpoint(name),
                                      std::move(done));
  });
  if (failure) throw error_of(failure, "connect to " + socket.native());
}

UnixHttp::UnixHttp(UnixHttp&&) noexcept = default;
UnixHttp& UnixHttp::operator=(UnixHttp&&) noexcept = default;
UnixHttp::~UnixHttp() = default;

HttpResponse UnixHttp::exchange(const HttpRequest& request, Milliseconds timeout,
                                const Sink& sink) {
  const std::string doing = request.method + " " + request.target;
  connection_->stream.expires_after(timeout);
  connection_->send(request, false, doing);
  std::optional<Connection::Parser> parser;
  connection_->read_head(parser, doing);
  HttpResponse response = head_of(*parser);
  if (request.method != "HEAD") connection_->read_body(*parser, response, sink, doing);
  return response;
}

HttpResponse UnixHttp::upgrade(const HttpRequest& request, Milliseconds timeout) {
  const std::string doing = request.method + " " + request.target;
  connection_->stream.expires_after(timeout);
  connection_->send(request, true, doing);
  std::optional<Connection::Parser> parser;
  connection_->read_head(parser, doing);
  HttpResponse response = head_of(*parser);
  // Daemons that do not say 101 hand the connection over all the same, without a length.
  const bool ours = response.status == 101 || (response.status == 200 && parser->need_eof());
  if (!ours) connection_->read_body(*parser, response, nullptr, doing);
  return response;
}

void UnixHttp::write(std::string_view bytes, Milliseconds timeout) {
  connection_->stream.expires_after(timeout);
  const Failure failure = connection_->run([&](auto done) {
    asio::async_write(connection_->stream, asio::buffer(bytes.data(), bytes.size()),
                      std::move(done));
  });
  if (failure) throw error_of(failure, "write to the connection");
}

void UnixHttp::close_sending() {
  Failure ignored;  // the peer may be gone already, which the next read tells
  connection_->stream.socket().shutdown(asio::socket_base::shutdown_send, ignored);
}

std::string UnixHttp::read_some(Milliseconds timeout) {
  beast::flat_buffer& buffer = connection_->buffer;
  if (buffer.size() > 0) {
    std::string bytes(static_cast<const char*>(buffer.data().data()), buffer.size());
    buffer.consume(buffer.size());
    return bytes;
  }
  connection_->stream.expires_after(timeout);
  std::size_t count = 0;
  std::string& piece = connection_->piece;
  const Failure failure = connection_->run([&](auto done) {
    connection_->stream.async_read_some(
        asio::buffer(piece), [&count, done](const Failure& result, std::size_t got) mutable {
          count = got;
          done(result);
        });
  });
  if (failure == asio::error::eof) return {};
  if (failure) throw error_of(failure, "read from the connection");
  return piece.substr(0, count);
}

}  // namespace seatrial::harness
