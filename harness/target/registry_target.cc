#include "harness/target/registry_target.h"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>
#include <memory>

#include "engine/base/error.h"
#include "harness/core/deadline_scale.h"

namespace seatrial::harness {
namespace {

constexpr std::chrono::milliseconds kPatience{10000};

struct CloseCurl {
  void operator()(CURL* handle) const { ::curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* answer) {
  static_cast<RegistryAnswer*>(answer)->body.append(bytes, size);
  return size;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* answer) {
  auto& headers = static_cast<RegistryAnswer*>(answer)->headers;
  std::string_view line(bytes, size);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) headers.clear();  // the head of "100 Continue" came before
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  headers.emplace_back(line.substr(0, colon), value);
  return size;
}

std::unique_ptr<curl_slist, FreeList> list_of(const RegistryCall& call, bool has_body) {
  // curl's own additions would hide what a registry makes of their absence.
  std::vector<std::string> lines{"Expect:", "Accept:"};
  bool typed = false;
  for (const auto& [name, value] : call.headers) {
    typed = typed || ::strcasecmp(name.c_str(), "Content-Type") == 0;
    lines.push_back(name + ": " + value);
  }
  if (has_body && !typed) lines.emplace_back("Content-Type: application/octet-stream");
  curl_slist* list = nullptr;
  for (const std::string& line : lines) list = ::curl_slist_append(list, line.c_str());
  return std::unique_ptr<curl_slist, FreeList>(list);
}

}  // namespace

std::string RegistryAnswer::header(std::string_view name) const {
  const std::string wanted(name);
  for (const auto& [key, value] : headers) {
    if (::strcasecmp(key.c_str(), wanted.c_str()) == 0) return value;
  }
  return {};
}

RegistryTarget::RegistryTarget(std::string url, RegistryAccess access)
    : url_(std::move(url)), access_(std::move(access)) {
  while (url_.ends_with('/')) url_.pop_back();
  if (!url_.starts_with("http://") && !url_.starts_with("https://")) {
    throw error(Kind::kInvalidArgument,
                "registry \"{}\" is no URL: write registry:http://127.0.0.1:5000", url_);
  }
  if (url_.find('@') != std::string::npos) {
    throw error(Kind::kInvalidArgument,
                "a registry's URL holds no login: SEATRIAL_REGISTRY_LOGIN may hold it");
  }
}

RegistryAnswer RegistryTarget::send(const RegistryCall& call) const {
  const std::unique_ptr<CURL, CloseCurl> curl(::curl_easy_init());
  if (!curl) throw error(Kind::kExhausted, "libcurl does not start");
  RegistryAnswer answer;
  const bool has_body = call.method == "POST" || call.method == "PUT" || call.method == "PATCH";
  const auto headers = list_of(call, has_body);
  const std::string url = call.path.starts_with('/') ? url_ + call.path : call.path;
  CURL* const handle = curl.get();
  ::curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  ::curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  ::curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(handle, CURLOPT_PROXY, "");
  ::curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(scaled(kPatience).count()));
  ::curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  ::curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
  ::curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  ::curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer);
  if (!access_.authority.empty()) {
    ::curl_easy_setopt(handle, CURLOPT_CAINFO, access_.authority.c_str());
  }
  if (!access_.login.empty() && url.starts_with(url_ + "/")) {
    ::curl_easy_setopt(handle, CURLOPT_USERPWD, access_.login.c_str());
  }
  if (call.method == "HEAD") ::curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  if (has_body) {
    ::curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(call.body.size()));
    ::curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
  }
  const CURLcode code = ::curl_easy_perform(handle);
  answer.cut = code == CURLE_PARTIAL_FILE;
  if (code != CURLE_OK && !answer.cut) {
    throw error(Kind::kUnavailable, "{} {}: {}", call.method, url, ::curl_easy_strerror(code));
  }
  long status = 0;
  ::curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<unsigned>(status);
  return answer;
}

}  // namespace seatrial::harness
