#include "engine/sys/dbus_message.h"

#include <bit>
#include <cstring>

#include "engine/base/error.h"

namespace seatrial::sys {
namespace {

static_assert(std::endian::native == std::endian::little,
              "messages are written as memory has them");

// Names of header fields.
constexpr std::uint8_t kPath = 1;
constexpr std::uint8_t kInterface = 2;
constexpr std::uint8_t kMember = 3;
constexpr std::uint8_t kErrorName = 4;
constexpr std::uint8_t kReplySerial = 5;
constexpr std::uint8_t kSignature = 8;

constexpr std::size_t kMostBytes = 1U << 20;

std::size_t aligned(std::size_t at, std::size_t size) {
  return (at + size - 1) / size * size;
}

void add_field(DbusWriter& header, std::uint8_t name, std::string_view type,
               std::string_view value) {
  header.align(8);
  header.byte(name);
  header.signature(type);
  if (type == "g") {
    header.signature(value);
  } else {
    header.string(value);
  }
}

void read_field(DbusReader& header, DbusMessage& message) {
  header.align(8);
  const std::uint8_t name = header.byte();
  const std::string type = header.signature();
  if (type == "u") {
    const std::uint32_t value = header.uint32();
    if (name == kReplySerial) message.reply_serial = value;
  } else if (type == "g") {
    header.signature();
  } else if (type == "s" || type == "o") {
    std::string value = header.string();
    if (name == kMember) {
      message.member = std::move(value);
    } else if (name == kErrorName) {
      message.error = std::move(value);
    }
  } else {
    throw error(Kind::kInvalidArgument, "a D-Bus message has a header field of type \"{}\"", type);
  }
}

}  // namespace

void DbusWriter::align(std::size_t size) {
  bytes_.resize(aligned(bytes_.size(), size));
}

void DbusWriter::uint32(std::uint32_t value) {
  align(sizeof value);
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void DbusWriter::uint64(std::uint64_t value) {
  align(sizeof value);
  bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void DbusWriter::string(std::string_view text) {
  uint32(static_cast<std::uint32_t>(text.size()));
  bytes_.append(text).push_back('\0');
}

void DbusWriter::signature(std::string_view text) {
  byte(static_cast<std::uint8_t>(text.size()));
  bytes_.append(text).push_back('\0');
}

DbusWriter::Array DbusWriter::begin_array(std::size_t alignment) {
  uint32(0);
  const std::size_t length_at = bytes_.size() - sizeof(std::uint32_t);
  align(alignment);  // which the length does not count
  return {.length_at = length_at, .begin = bytes_.size()};
}

void DbusWriter::end_array(Array array) {
  const auto length = static_cast<std::uint32_t>(bytes_.size() - array.begin);
  std::memcpy(bytes_.data() + array.length_at, &length, sizeof length);
}

std::string print_dbus(const DbusCall& call, std::uint32_t serial) {
  DbusWriter header;
  header.byte('l');
  header.byte(static_cast<std::uint8_t>(DbusKind::kCall));
  header.byte(0);  // flags
  header.byte(1);  // version of the protocol
  header.uint32(static_cast<std::uint32_t>(call.body.size()));
  header.uint32(serial);
  const DbusWriter::Array fields = header.begin_array(8);
  add_field(header, kPath, "o", call.path);
  add_field(header, kInterface, "s", call.interface);
  add_field(header, kMember, "s", call.member);
  if (!call.signature.empty()) add_field(header, kSignature, "g", call.signature);
  header.end_array(fields);
  header.align(8);
  return header.bytes() + std::string(call.body);
}

std::size_t dbus_size(std::string_view head) {
  if (head.size() < kDbusHead || head[0] != 'l' || head[3] != 1) {
    throw error(Kind::kInvalidArgument, "these bytes begin no little-endian message of D-Bus");
  }
  DbusReader reader(head.substr(0, kDbusHead));
  reader.skip(4);
  const std::size_t body = reader.uint32();
  reader.uint32();
  const std::size_t fields = reader.uint32();
  const std::size_t size = aligned(kDbusHead + fields, 8) + body;
  if (size > kMostBytes) {
    throw error(Kind::kInvalidArgument, "a D-Bus message of {} bytes is too long", size);
  }
  return size;
}

DbusMessage parse_dbus(std::string_view bytes) {
  if (bytes.size() < kDbusHead || dbus_size(bytes) != bytes.size()) {
    throw error(Kind::kInvalidArgument, "{} bytes are not one whole message of D-Bus",
                bytes.size());
  }
  DbusReader header(bytes);
  header.skip(1);
  const std::uint8_t kind = header.byte();
  if (kind < 1 || kind > 4) {
    throw error(Kind::kInvalidArgument, "D-Bus has no message of type {}", kind);
  }
  DbusMessage message{.kind = static_cast<DbusKind>(kind)};
  header.skip(2);
  const std::size_t body = header.uint32();
  header.uint32();
  const std::size_t end = kDbusHead + header.uint32();
  while (header.at() < end) read_field(header, message);
  message.body = bytes.substr(bytes.size() - body);
  return message;
}

std::string_view DbusReader::take(std::size_t size) {
  if (size > bytes_.size() - at_) {
    throw error(Kind::kInvalidArgument, "a D-Bus message ends within a value");
  }
  const std::string_view taken = bytes_.substr(at_, size);
  at_ += size;
  return taken;
}

void DbusReader::align(std::size_t size) {
  take(aligned(at_, size) - at_);
}

std::uint8_t DbusReader::byte() {
  return static_cast<std::uint8_t>(take(1).front());
}

std::uint32_t DbusReader::uint32() {
  align(sizeof(std::uint32_t));
  std::uint32_t value = 0;
  std::memcpy(&value, take(sizeof value).data(), sizeof value);
  return value;
}

std::string DbusReader::string() {
  const std::uint32_t size = uint32();
  std::string text(take(size));
  skip(1);  // its NUL
  return text;
}

std::string DbusReader::signature() {
  const std::uint8_t size = byte();
  std::string text(take(size));
  skip(1);
  return text;
}

}  // namespace seatrial::sys
