// The runtime's words in the conversation with launcher and init (engine/plan/wire.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/unique_fd.h"
#include "engine/plan/launch_plan.h"
#include "engine/plan/wire.h"

namespace seatrial::runtime {

struct Incoming {
  wire::Message message;
  std::string payload;
  std::vector<UniqueFd> descriptors;
};

// The next message; nothing when the other side is gone. Throws Error for a malformed packet.
std::optional<Incoming> receive_message(int socket);

// False when the other side is gone. Throws Error{kInvalidArgument} for a payload beyond
// wire::kMaxPayload.
bool send_message(int socket, wire::MessageKind kind, std::string_view payload = {});

// A step that launcher or init could not do.
struct StepFailure {
  std::size_t step = 0;
  int sys_errno = 0;
  std::string detail;
};

StepFailure step_failure(const Incoming& incoming);

// "step 14 of 31, mount proc on /proc: EPERM (Operation not permitted)"
Error to_error(const StepFailure& failure, const plan::LaunchPlan& plan);

// Whether the step runs one of the container's hooks.
bool is_hook(const plan::LaunchPlan& plan, std::size_t step);

// The end of the conversation, from the order to start on: answers requests for the state
// document, then returns nothing once the user's program runs, or what failed instead.
std::optional<StepFailure> await_execution(int socket, const std::function<std::string()>& state);

}  // namespace seatrial::runtime
