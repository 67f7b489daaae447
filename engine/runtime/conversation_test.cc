#include "engine/runtime/conversation.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

#include "engine/runtime/id_maps.h"
#include "engine/runtime/impl.h"
#include "engine/sys/packet.h"

namespace seatrial::runtime {
namespace {

TEST(Conversation, MessagesCarryTheirPayload) {
  const sys::SocketPair pair = sys::packet_socket_pair();
  ASSERT_TRUE(send_message(pair.first.get(), wire::MessageKind::kState, "document"));
  const auto incoming = receive_message(pair.second.get());
  ASSERT_TRUE(incoming);
  EXPECT_EQ(incoming->message.kind, wire::MessageKind::kState);
  EXPECT_EQ(incoming->message.payload, 8U);
  EXPECT_EQ(incoming->payload, "document");
}

TEST(Conversation, AnOversizeStateDocumentIsRefusedHere) {
  const sys::SocketPair pair = sys::packet_socket_pair();
  EXPECT_THROW(send_message(pair.first.get(), wire::MessageKind::kState,
                            std::string(wire::kMaxPayload + 1, 'x')),
               Error);
}

TEST(Conversation, EndOfFileMeansThatTheProgramRuns) {
  sys::SocketPair pair = sys::packet_socket_pair();
  send_message(pair.second.get(), wire::MessageKind::kStateNeeded);
  ::shutdown(pair.second.get(), SHUT_WR);
  EXPECT_FALSE(await_execution(pair.first.get(), [] { return "document"; }));
  EXPECT_EQ(receive_message(pair.second.get()).value().payload, "document");
}

TEST(Conversation, AFailedStepIsToldInOneSentence) {
  const sys::SocketPair pair = sys::packet_socket_pair();
  const wire::Message message{.kind = wire::MessageKind::kFailed, .step = 0, .sys_errno = EPERM};
  sys::send_packet(pair.second.get(), {reinterpret_cast<const char*>(&message), sizeof message},
                   "why");
  const auto failure = await_execution(pair.first.get(), [] { return std::string(); });
  ASSERT_TRUE(failure);
  const plan::LaunchPlan plan = plan::plan(spec::Config{}, {}, {.bundle = "/b", .id = "c1"});
  EXPECT_EQ(to_error(*failure, plan).what(), "step 1 of " + std::to_string(plan.size()) + ", " +
                                                 plan.describe(0) +
                                                 ": why: EPERM (Operation not permitted)");
}

TEST(IdMaps, OneLineEach) {
  EXPECT_EQ(print_id_map({{.container_id = 0, .host_id = 1000, .size = 1},
                          {.container_id = 1, .host_id = 100000, .size = 65536}}),
            "0 1000 1\n1 100000 65536\n");
}

}  // namespace
}  // namespace seatrial::runtime
