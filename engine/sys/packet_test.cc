#include "engine/sys/packet.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/memfd.h"

namespace seatrial::sys {
namespace {

TEST(Packet, CarriesHeadPayloadAndDescriptors) {
  const SocketPair pair = packet_socket_pair();
  const UniqueFd note = sealed_memfd("note", "text");
  const int descriptors[] = {note.get()};
  ASSERT_TRUE(send_packet(pair.first.get(), "head", "payload", descriptors));
  const auto packet = receive_packet(pair.second.get(), 100);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->bytes, "headpayload");
  ASSERT_EQ(packet->descriptors.size(), 1U);
  EXPECT_EQ(read_all(packet->descriptors[0].get(), "note"), "text");
  EXPECT_NE(::fcntl(packet->descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Packet, PeerThatHungUpIsNoError) {
  SocketPair pair = packet_socket_pair();
  pair.second.reset();
  EXPECT_FALSE(receive_packet(pair.first.get(), 100));
  EXPECT_FALSE(send_packet(pair.first.get(), "head"));
}

TEST(Packet, LastWordsOfAPeerThatReadNothingAreHeard) {
  SocketPair pair = packet_socket_pair();
  const std::string words(5000, 'w');
  ASSERT_TRUE(send_packet(pair.first.get(), "unread"));
  ASSERT_TRUE(send_packet(pair.second.get(), words));
  pair.second.reset();
  const auto packet = receive_packet(pair.first.get(), 10000);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->bytes, words);
  EXPECT_FALSE(receive_packet(pair.first.get(), 10000));
}

// A console socket is one.
TEST(Packet, AStreamBringsDescriptorsToo) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd first(ends[0]);
  const UniqueFd second(ends[1]);
  const UniqueFd note = sealed_memfd("note", "text");
  const int descriptors[] = {note.get()};
  ASSERT_TRUE(send_packet(first.get(), "name", {}, descriptors));
  const auto packet = receive_packet(second.get(), 100);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->bytes, "name");
  EXPECT_EQ(packet->descriptors.size(), 1U);
}

TEST(Packet, OversizeIsRefused) {
  const SocketPair pair = packet_socket_pair();
  ASSERT_TRUE(send_packet(pair.first.get(), "0123456789"));
  EXPECT_THROW(receive_packet(pair.second.get(), 5), Error);
}

}  // namespace
}  // namespace seatrial::sys
