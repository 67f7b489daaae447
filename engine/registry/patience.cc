#include "engine/registry/patience.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "engine/registry/fields.h"

namespace seatrial::registry {
namespace {

bool asks_for_later(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

std::chrono::milliseconds wait_before_next(const HttpResponse& response, const Patience& patience,
                                           int attempt) {
  const auto asked =
      parse_retry_after(response.head.get("retry-after"), std::chrono::system_clock::now());
  if (!response.broken.empty() || !asked) return backoff(patience, attempt);
  if (*asked > patience.longest_wait) {
    throw error(Kind::kExhausted, "{}: {} with a wait of {} s, more than is waited here",
                response.url.authority(), response.head.status, asked->count());
  }
  return *asked;
}

}  // namespace

void wait_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  if (stop.stop_requested()) throw_cancelled();
}

std::chrono::milliseconds backoff(const Patience& patience, int attempt) {
  return std::min(patience.first_wait * (1 << std::min(attempt, 16)), patience.longest_wait);
}

HttpResponse send_patiently(Http& http, const HttpRequest& request, const Patience& patience,
                            bool retry_broken, const std::stop_token& stop) {
  for (int attempt = 0;; ++attempt) {
    HttpResponse response = http.send(request, stop);
    const bool again = response.broken.empty() ? asks_for_later(response.head.status)
                                               : response.may_retry && retry_broken;
    if (!again || attempt + 1 >= patience.attempts) return response;
    wait_for(wait_before_next(response, patience, attempt), stop);
  }
}

}  // namespace seatrial::registry
