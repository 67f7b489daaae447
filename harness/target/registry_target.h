// Any registry, over the distribution API: "registry:URL". A client that does nothing by itself: no
// redirects, no logins, no second try.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seatrial::harness {

struct RegistryCall {
  std::string method = "GET";
  std::string path = "/v2/";  // below the registry's URL; or a whole URL, as Location has it
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};  // of POST, PUT and PATCH
};

struct RegistryAnswer {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  bool cut = false;  // it ended before its Content-Length

  // The first header of that name, in any case; empty: none.
  std::string header(std::string_view name) const;
};

struct RegistryAccess {
  std::string login = {};                // "user:password"; for the registry's own URLs alone
  std::filesystem::path authority = {};  // PEM, trusted in place of the system's; empty: those
};

class RegistryTarget {
 public:
  // "http://127.0.0.1:5000". Throws Error{kInvalidArgument} for what is no URL of http or https,
  // and for one with a login, which reports would show.
  explicit RegistryTarget(std::string url, RegistryAccess access = {});

  const std::string& url() const { return url_; }

  // Throws Error{kUnavailable} when no answer comes within 10 s.
  RegistryAnswer send(const RegistryCall& call) const;

 private:
  std::string url_;
  RegistryAccess access_;
};

}  // namespace seatrial::harness
