#include "engine/runtime/conversation.h"

#include <cstring>
#include <variant>

#include "engine/plan/step.h"
#include "engine/sys/packet.h"

namespace seatrial::runtime {

std::optional<Incoming> receive_message(int socket) {
  auto packet = sys::receive_packet(socket, sizeof(wire::Message) + wire::kMaxPayload);
  if (!packet) return std::nullopt;
  Incoming incoming;
  if (packet->bytes.size() < sizeof incoming.message) {
    throw error(Kind::kInternal, "init sent a packet of {} bytes", packet->bytes.size());
  }
  std::memcpy(&incoming.message, packet->bytes.data(), sizeof incoming.message);
  incoming.payload = packet->bytes.substr(sizeof incoming.message);
  incoming.descriptors = std::move(packet->descriptors);
  return incoming;
}

bool send_message(int socket, wire::MessageKind kind, std::string_view payload) {
  if (payload.size() > wire::kMaxPayload) {
    throw error(Kind::kInvalidArgument,
                "the state document has {} bytes; hooks inside the container can be given {}",
                payload.size(), wire::kMaxPayload);
  }
  const wire::Message message{.kind = kind, .payload = static_cast<std::uint32_t>(payload.size())};
  const std::string_view head(reinterpret_cast<const char*>(&message), sizeof message);
  return sys::send_packet(socket, head, payload);
}

StepFailure step_failure(const Incoming& incoming) {
  return {.step = incoming.message.step,
          .sys_errno = incoming.message.sys_errno,
          .detail = incoming.payload};
}

Error to_error(const StepFailure& failure, const plan::LaunchPlan& plan) {
  std::string text =
      fmt::format("step {} of {}, {}", failure.step + 1, plan.size(), plan.describe(failure.step));
  if (!failure.detail.empty()) text += ": " + failure.detail;
  const Kind kind = failure.sys_errno == 0 ? Kind::kDenied : kind_of_errno(failure.sys_errno);
  return {kind, failure.sys_errno, std::move(text)};
}

bool is_hook(const plan::LaunchPlan& plan, std::size_t step) {
  const std::size_t first = plan.launcher.size();
  if (step < first || step - first >= plan.init.size()) return false;
  return std::holds_alternative<plan::Hook>(plan.init[step - first].action);
}

std::optional<StepFailure> await_execution(int socket, const std::function<std::string()>& state) {
  while (const auto incoming = receive_message(socket)) {
    switch (incoming->message.kind) {
      case wire::MessageKind::kFailed:
        return step_failure(*incoming);
      case wire::MessageKind::kStateNeeded:
        send_message(socket, wire::MessageKind::kState, state());
        break;
      default:
        throw error(Kind::kInternal, "init sent message {} while it was to start",
                    static_cast<unsigned>(incoming->message.kind));
    }
  }
  return std::nullopt;
}

}  // namespace seatrial::runtime
