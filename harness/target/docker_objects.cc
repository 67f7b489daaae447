// The calls of DockerClient for what is no container: images, networks, volumes.
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "harness/target/docker_client.h"
#include "harness/target/docker_json.h"

namespace seatrial::harness {
namespace {

using nlohmann::json;

// Base 64 with the letters for addresses (RFC 4648, section 5), padded as Go reads it.
std::string url_base64(std::string_view bytes) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= count ? kLetters[group >> (18 - 6 * i) & 63u] : '=';
    }
  }
  return out;
}

// An error that came after the status was sent: a line {"error": ...} among those of progress.
void check_progress(const std::string& lines, std::string_view doing) {
  std::string_view rest = lines;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const json entry = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (entry.is_object() && entry.contains("error") && entry["error"].is_string()) {
      throw error(Kind::kInvalidArgument, "{}: {}", doing, entry["error"].get<std::string>());
    }
  }
}

}  // namespace

std::string DockerClient::load_image(const std::filesystem::path& archive,
                                     Milliseconds timeout) const {
  const std::string doing = "load " + archive.native();
  std::string lines = call({.method = "POST",
                            .target = "/images/load?quiet=1",
                            .body_file = archive,
                            .content_type = "application/x-tar"},
                           doing, timeout);
  check_progress(lines, doing);
  return lines;
}

std::string DockerClient::pull_image(const std::string& repository, const std::string& tag,
                                     const std::string& auth, Milliseconds timeout) const {
  const std::string doing = "pull " + repository + ":" + tag;
  std::string lines = call({.method = "POST",
                            .target = fmt::format("/images/create?fromImage={}&tag={}",
                                                  url_escaped(repository), url_escaped(tag)),
                            .headers = {{"X-Registry-Auth", url_base64(auth)}}},
                           doing, timeout);
  check_progress(lines, doing);
  return lines;
}

std::string DockerClient::push_image(const std::string& repository, const std::string& tag,
                                     const std::string& auth, Milliseconds timeout) const {
  const std::string doing = "push " + repository + ":" + tag;
  std::string lines = call(
      {.method = "POST",
       .target = fmt::format("/images/{}/push?tag={}", url_escaped(repository), url_escaped(tag)),
       .headers = {{"X-Registry-Auth", url_base64(auth)}}},
      doing, timeout);
  check_progress(lines, doing);
  return lines;
}

std::string DockerClient::images() const {
  return get("/images/json", "list images");
}

std::string DockerClient::inspect_image(const std::string& name) const {
  return get("/images/" + url_escaped(name) + "/json", "inspect image " + name);
}

void DockerClient::tag_image(const std::string& name, const std::string& repository,
                             const std::string& tag) const {
  const std::string target = fmt::format("/images/{}/tag?repo={}&tag={}", url_escaped(name),
                                         url_escaped(repository), url_escaped(tag));
  post(target, {}, "tag image " + name);
}

std::string DockerClient::remove_image(const std::string& name, bool force) const {
  const std::string target = fmt::format("/images/{}?force={}", url_escaped(name), force ? 1 : 0);
  return call({.method = "DELETE", .target = target}, "remove image " + name);
}

std::string DockerClient::create_network(const std::string& config) const {
  constexpr std::string_view kDoing = "create network";
  return member(post("/networks/create", config, kDoing), "Id", kDoing);
}

std::string DockerClient::inspect_network(const std::string& name) const {
  return get("/networks/" + url_escaped(name), "inspect network " + name);
}

std::string DockerClient::networks() const {
  return get("/networks", "list networks");
}

void DockerClient::connect_network(const std::string& name, const std::string& config) const {
  post("/networks/" + url_escaped(name) + "/connect", config, "connect to network " + name);
}

void DockerClient::disconnect_network(const std::string& name, const std::string& config) const {
  post("/networks/" + url_escaped(name) + "/disconnect", config, "disconnect network " + name);
}

void DockerClient::remove_network(const std::string& name) const {
  call({.method = "DELETE", .target = "/networks/" + url_escaped(name)}, "remove network " + name);
}

std::string DockerClient::create_volume(const std::string& config) const {
  constexpr std::string_view kDoing = "create volume";
  return member(post("/volumes/create", config, kDoing), "Name", kDoing);
}

std::string DockerClient::inspect_volume(const std::string& name) const {
  return get("/volumes/" + url_escaped(name), "inspect volume " + name);
}

std::string DockerClient::volumes() const {
  return get("/volumes", "list volumes");
}

void DockerClient::remove_volume(const std::string& name, bool force) const {
  const std::string target = fmt::format("/volumes/{}?force={}", url_escaped(name), force ? 1 : 0);
  call({.method = "DELETE", .target = target}, "remove volume " + name);
}

}  // namespace seatrial::harness
