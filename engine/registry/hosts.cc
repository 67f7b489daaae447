#include "engine/registry/hosts.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::registry {

Hosts::Hosts(std::filesystem::path certs_dir, std::vector<std::string> insecure)
    : certs_dir_(std::move(certs_dir)), insecure_(std::move(insecure)) {}

bool Hosts::is_insecure(const Url& url) const {
  return std::ranges::any_of(insecure_, [&](const std::string& entry) {
    return entry == url.host || entry == fmt::format("{}:{}", url.host, url.port);
  });
}

bool Hosts::has_certificates(std::string_view authority) const {
  std::error_code absent;
  return !certs_dir_.empty() && std::filesystem::is_directory(certs_dir_ / authority, absent);
}

Tls Hosts::tls(const Url& url) const {
  Tls result{.verify = !is_insecure(url)};
  if (url.scheme != "https" || !has_certificates(url.authority())) return result;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(certs_dir_ / url.authority())) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const std::filesystem::path& file : files) {
    if (file.extension() == ".crt") result.authorities += read_file(file, 4u << 20) + "\n";
    if (file.extension() != ".cert") continue;
    std::filesystem::path key = file;
    key.replace_extension(".key");
    if (!std::filesystem::exists(key)) {
      throw error(Kind::kInvalidArgument, "{} has no key beside it: {}", file.native(),
                  key.filename().native());
    }
    result.certificate = file;
    result.key = key;
  }
  return result;
}

void Hosts::check_allowed(const Url& url) const {
  if (url.scheme == "https" || is_loopback(url.host) || is_insecure(url)) return;
  throw error(
      Kind::kDenied,
      "http to {} is refused, because it is neither a loopback host nor declared an insecure "
      "registry",
      url.authority());
}

void Hosts::check_step(const Url& from, const Url& to) const {
  check_allowed(to);
  if (from.scheme == "https" && to.scheme == "http" && !is_insecure(to)) {
    throw error(Kind::kDenied, "{} leads from https to http on {}, which is refused",
                from.authority(), to.authority());
  }
}

}  // namespace seatrial::registry
