#include "engine/sys/dbus_message.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::sys {
namespace {

using namespace std::string_view_literals;

// A reply to message 7 whose body is the object path "/a".
constexpr std::string_view kReply =
    "l\2\1\1"
    "\7\0\0\0"
    "\1\0\0\0"
    "\17\0\0\0"
    "\5\1u\0"
    "\7\0\0\0"
    "\10\1g\0"
    "\1o\0"
    "\0"
    "\2\0\0\0/a\0"sv;

TEST(DbusMessage, OfAReply) {
  ASSERT_EQ(dbus_size(kReply), kReply.size());
  const DbusMessage message = parse_dbus(kReply);
  EXPECT_EQ(message.kind, DbusKind::kReturn);
  EXPECT_EQ(message.reply_serial, 7U);
  EXPECT_EQ(DbusReader(message.body).string(), "/a");
}

TEST(DbusMessage, OfACallIsWhole) {
  DbusWriter body;
  body.string("unit");
  body.boolean(true);
  const std::string call = print_dbus(
      {.path = "/o", .interface = "i.f", .member = "Do", .signature = "sb", .body = body.bytes()},
      5);
  EXPECT_EQ(dbus_size(call), call.size());
  const DbusMessage message = parse_dbus(call);
  EXPECT_EQ(message.kind, DbusKind::kCall);
  EXPECT_EQ(message.member, "Do");
  DbusReader reader(message.body);
  EXPECT_EQ(reader.string(), "unit");
  EXPECT_EQ(reader.uint32(), 1U);
}

// The length of an array does not count what aligns its first element.
TEST(DbusMessage, ArraysAreAligned) {
  DbusWriter body;
  body.byte(9);
  const DbusWriter::Array array = body.begin_array(8);
  body.uint64(1);
  body.end_array(array);
  EXPECT_EQ(body.bytes(),
            "\11\0\0\0"
            "\10\0\0\0"
            "\1\0\0\0\0\0\0\0"sv);
}

TEST(DbusMessage, RefusesWhatIsNone) {
  EXPECT_THROW(dbus_size("B\2\1\1............"), Error);
  EXPECT_THROW(dbus_size("l\2\1\1\377\377\377\377\1\0\0\0\0\0\0\0"sv), Error);
  EXPECT_THROW(parse_dbus(kReply.substr(0, kReply.size() - 1)), Error);
  std::string kind(kReply);
  kind[1] = 9;
  EXPECT_THROW(parse_dbus(kind), Error);
  std::string type(kReply);
  type[18] = 'v';
  EXPECT_THROW(parse_dbus(type), Error);
  EXPECT_THROW(DbusReader("\377\0\0\0a"sv).string(), Error);
}

}  // namespace
}  // namespace seatrial::sys
