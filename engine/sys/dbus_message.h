// Messages of D-Bus, as far as calling a method and hearing of its outcome takes: what goes out as
// bytes, and what comes in as parts (D-Bus Specification, "Message Protocol").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace seatrial::sys {

// Values one behind the other, little-endian, each aligned as its type wants.
class DbusWriter {
 public:
  void uint32(std::uint32_t value);
  void uint64(std::uint64_t value);
  void boolean(bool value) { uint32(value ? 1 : 0); }
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void string(std::string_view text);     // types s and o
  void signature(std::string_view text);  // type g
  void align(std::size_t size);           // before a structure: 8

  // An array; the mark is end_array()'s.
  struct Array {
    std::size_t length_at;
    std::size_t begin;
  };
  Array begin_array(std::size_t alignment);
  void end_array(Array array);

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

struct DbusCall {
  std::string path;
  std::string_view interface;
  std::string_view member;
  std::string_view signature;
  std::string_view body;
};

// `serial` must not be 0, and is what the reply names.
std::string print_dbus(const DbusCall& call, std::uint32_t serial);

enum class DbusKind : std::uint8_t { kCall = 1, kReturn = 2, kError = 3, kSignal = 4 };

struct DbusMessage {
  DbusKind kind = DbusKind::kCall;
  std::uint32_t reply_serial = 0;  // of a return or an error
  std::string member = {};         // of a signal
  std::string error = {};          // its name: "org.freedesktop.systemd1.UnitExists"
  std::string body = {};
};

inline constexpr std::size_t kDbusHead = 16;  // bytes that tell a message's size

// How long the message is whose first kDbusHead bytes are these, itself included. Throws
// Error{kInvalidArgument} for what begins no message, or one of more than a mebibyte.
std::size_t dbus_size(std::string_view head);

// Throws Error{kInvalidArgument} for bytes that are not one whole little-endian message.
DbusMessage parse_dbus(std::string_view bytes);

// The values of a body, in their order. Throws Error{kInvalidArgument} where it ends too early.
class DbusReader {
 public:
  explicit DbusReader(std::string_view bytes) : bytes_(bytes) {}
  explicit DbusReader(std::string&& bytes) = delete;  // which would be gone before its values

  std::uint8_t byte();
  std::uint32_t uint32();
  std::string string();     // types s and o
  std::string signature();  // type g
  void align(std::size_t size);
  void skip(std::size_t size) { take(size); }
  std::size_t at() const { return at_; }

 private:
  std::string_view take(std::size_t size);

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace seatrial::sys
