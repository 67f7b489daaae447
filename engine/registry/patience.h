// Second tries: when one is worth it, and how long to wait before.
#pragma once

#include <chrono>
#include <stop_token>

#include "engine/registry/http.h"

namespace seatrial::registry {

struct Patience {
  int attempts = 5;                                // in all
  std::chrono::milliseconds first_wait{250};       // doubles; where the server does not say
  std::chrono::milliseconds longest_wait{60'000};  // a server that asks for more is given up
};

// Sends until the answer is another one than 429, 502, 503 or 504 and, with `retry_broken`, came
// to its end. Retry-After is waited for. What the last attempt answered is returned. Throws
// Error{kExhausted} when the server asks for a longer wait than `longest_wait`.
HttpResponse send_patiently(Http& http, const HttpRequest& request, const Patience& patience,
                            bool retry_broken, const std::stop_token& stop);

// Throws as Http::send() does when `stop` is requested meanwhile.
void wait_for(std::chrono::milliseconds time, const std::stop_token& stop);

// How long to wait after attempt number `attempt` (0, 1, ...).
std::chrono::milliseconds backoff(const Patience& patience, int attempt);

}  // namespace seatrial::registry
