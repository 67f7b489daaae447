#include "engine/runtime/criu_rpc.h"

#include "engine/base/error.h"

namespace seatrial::runtime::criu {
namespace {

// Wire types of protobuf.
constexpr unsigned kVarint = 0;
constexpr unsigned kEightBytes = 1;
constexpr unsigned kLengthDelimited = 2;
constexpr unsigned kFourBytes = 5;

// Fields of criu_req and of criu_resp.
constexpr unsigned kType = 1;
constexpr unsigned kRequestOptions = 2;
constexpr unsigned kRequestNotifySuccess = 3;
constexpr unsigned kResponseSuccess = 2;
constexpr unsigned kResponseRestore = 4;
constexpr unsigned kResponseNotify = 5;
constexpr unsigned kResponseErrno = 7;
constexpr unsigned kResponseMessage = 9;

class Writer {
 public:
  void number(unsigned field, std::int64_t value) {
    varint(field << 3 | kVarint);
    varint(static_cast<std::uint64_t>(value));
  }
  void bytes(unsigned field, std::string_view value) {
    varint(field << 3 | kLengthDelimited);
    varint(value.size());
    text_ += value;
  }
  void flag(unsigned field, bool value) {
    if (value) number(field, 1);
  }
  void filled(unsigned field, std::string_view value) {
    if (!value.empty()) bytes(field, value);
  }
  // A message of a string and something else, numbered 1 and 2.
  void pair(unsigned field, std::string_view first, std::string_view second) {
    Writer inner;
    inner.bytes(1, first);
    inner.bytes(2, second);
    bytes(field, inner.take());
  }
  void pair(unsigned field, std::string_view first, std::int64_t second) {
    Writer inner;
    inner.bytes(1, first);
    inner.number(2, second);
    bytes(field, inner.take());
  }
  std::string take() { return std::move(text_); }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
  }

  std::string text_;
};

struct Field {
  unsigned number = 0;
  std::uint64_t value = 0;      // of a varint
  std::string_view bytes = {};  // of what has a length
};

// Walks the fields of one message.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t key = varint();
    field = {.number = static_cast<unsigned>(key >> 3)};
    switch (key & 7) {
      case kVarint:
        field.value = varint();
        return true;
      case kLengthDelimited:
        field.bytes = take(varint());
        return true;
      case kEightBytes:
        take(8);
        return true;
      case kFourBytes:
        take(4);
        return true;
      default:
        malformed();
    }
  }

 private:
  [[noreturn]] static void malformed() {
    throw error(Kind::kInternal, "criu sent what is no response");
  }

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) malformed();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    malformed();
  }

  std::string_view rest_;
};

// In the order of their numbers, as every writer of protobuf does it.
void write_common(Writer& out, const Options& options) {
  out.number(1, options.images);
  if (options.pid != 0) out.number(2, options.pid);
  out.flag(3, options.leave_running);
  out.flag(4, options.external_unix_sockets);
  out.flag(5, options.established_tcp);
  out.flag(6, options.evasive_devices);
  out.flag(7, options.shell_job);
  out.flag(8, options.file_locks);
  out.number(9, options.log_level);
  out.filled(10, options.log_file);
  if (!options.page_server.empty()) out.pair(11, options.page_server, options.page_server_port);
  out.flag(12, options.notify);
  out.filled(13, options.root);
  out.filled(14, options.parent_images);
  out.flag(15, options.track_memory);
  out.flag(16, options.auto_dedup);
  if (options.work >= 0) out.number(17, options.work);
  out.flag(18, options.link_remap);
}

void write_outside(Writer& out, const Options& options) {
  for (const auto& [key, value] : options.external_mounts) out.pair(23, key, value);
  out.flag(24, true);  // manage_cgroups, which the mode takes the place of
  for (const auto& [controller, path] : options.cgroup_roots) out.pair(25, controller, path);
  out.flag(26, options.restore_sibling);
  for (const InheritedFd& each : options.inherited) out.pair(27, each.key, each.fd);
  out.number(34, static_cast<int>(options.cgroups));
  for (const std::string& external : options.externals) out.bytes(37, external);
  if (options.empty_namespaces != 0) out.number(38, options.empty_namespaces);
  for (const auto& [name, file] : options.joined_namespaces) out.pair(39, name, file);
  out.filled(44, options.freeze_cgroup);
  out.flag(46, options.skip_tcp_in_flight);
  out.flag(48, options.lazy_pages);
  out.flag(50, options.orphan_terminals);
  out.filled(51, options.config_file);
  out.filled(53, options.lsm_profile);
  out.filled(63, options.lsm_mount_context);
}

std::string print_options(const Options& options) {
  Writer out;
  write_common(out, options);
  write_outside(out, options);
  return out.take();
}

// Of criu_notify, where it is field 2, and of criu_restore_resp, where it is field 1.
pid_t pid_field(std::string_view bytes, unsigned number) {
  Fields fields(bytes);
  pid_t pid = 0;
  for (Field field; fields.next(field);) {
    if (field.number == number) pid = static_cast<pid_t>(field.value);
  }
  return pid;
}

std::string script_of(std::string_view bytes) {
  Fields fields(bytes);
  std::string script;
  for (Field field; fields.next(field);) {
    if (field.number == 1) script = field.bytes;
  }
  return script;
}

}  // namespace

std::string print_request(RequestType type, const Options& options) {
  Writer out;
  out.number(kType, static_cast<int>(type));
  out.bytes(kRequestOptions, print_options(options));
  return out.take();
}

std::string print_answer(bool go_on) {
  Writer out;
  out.number(kType, static_cast<int>(RequestType::kNotify));
  out.number(kRequestNotifySuccess, go_on ? 1 : 0);
  return out.take();
}

Response parse_response(std::string_view bytes) {
  Response response;
  Fields fields(bytes);
  for (Field field; fields.next(field);) {
    switch (field.number) {
      case kType:
        response.type = static_cast<RequestType>(field.value);
        break;
      case kResponseSuccess:
        response.success = field.value != 0;
        break;
      case kResponseRestore:
        response.pid = pid_field(field.bytes, 1);
        break;
      case kResponseNotify:
        response.script = script_of(field.bytes);
        response.pid = pid_field(field.bytes, 2);
        break;
      case kResponseErrno:
        response.sys_errno = static_cast<int>(field.value);
        break;
      case kResponseMessage:
        response.message = field.bytes;
        break;
      default:
        break;
    }
  }
  return response;
}

}  // namespace seatrial::runtime::criu
