#include "engine/spec/reference.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/spec/json_document.h"

namespace seatrial::spec {
namespace {

constexpr std::string_view kOfficial = "library/";
constexpr std::size_t kNameLimit = 255;  // registry and repository together
constexpr std::size_t kTagLimit = 128;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_lower(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c);
}

bool is_alnum(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}

// a-z and 0-9 in runs, between them one of: '.', '_', '__', any number of '-'.
bool is_path_component(std::string_view text) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t run = at;
    while (at < text.size() && is_lower(text[at])) ++at;
    if (at == run) return false;
    if (at == text.size()) return true;
    const std::size_t start = at;
    while (at < text.size() && text[at] == text[start]) ++at;
    const std::size_t length = at - start;
    const char separator = text[start];
    const bool good =
        (separator == '.' && length == 1) || (separator == '_' && length <= 2) || separator == '-';
    if (!good) return false;
  }
}

bool is_repository(std::string_view text) {
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!is_path_component(text.substr(0, slash))) return false;
    if (slash == text.npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool is_host_name(std::string_view text) {
  for (;;) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    const bool good =
        !part.empty() && is_alnum(part.front()) && is_alnum(part.back()) &&
        std::all_of(part.begin(), part.end(), [](char c) { return is_alnum(c) || c == '-'; });
    if (!good) return false;
    if (dot == text.npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_ipv6(std::string_view text) {  // between the brackets
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':';
  });
}

bool is_registry(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos || !is_ipv6(text.substr(1, end - 1))) return false;
    host = {};
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    port = colon == text.npos ? std::string_view() : text.substr(colon);
    if (!is_host_name(host)) return false;
  }
  if (port.empty()) return true;
  return port.size() >= 2 && port.size() <= 6 && port.front() == ':' &&
         std::all_of(port.begin() + 1, port.end(), is_digit);
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kTagLimit && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

// docker's rule of what may be a registry in "FIRST/REST"; else FIRST belongs to the repository.
bool reads_as_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:[") != first.npos ||
         std::any_of(first.begin(), first.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

[[noreturn]] void refuse(std::string_view text, std::string_view reason) {
  throw error(Kind::kInvalidArgument, "{} is not an image name: {}", shown_text(text), reason);
}

// Takes ":TAG" off the end of `rest`; a colon before a slash is a registry's port.
std::string take_tag(std::string_view& rest, std::string_view whole) {
  const std::size_t colon = rest.rfind(':');
  if (colon == rest.npos || rest.find('/', colon) != rest.npos) return {};
  std::string tag(rest.substr(colon + 1));
  if (!is_tag(tag)) {
    refuse(whole, fmt::format("{} is not a tag (letters, digits, '_', '.', '-', at most {})",
                              shown_text(tag), kTagLimit));
  }
  rest = rest.substr(0, colon);
  return tag;
}

void split_name(std::string_view name, std::string_view whole, Reference& result) {
  const std::size_t slash = name.find('/');
  if (slash != name.npos && reads_as_registry(name.substr(0, slash))) {
    result.registry = name.substr(0, slash);
    result.repository = name.substr(slash + 1);
    if (!is_registry(result.registry)) {
      refuse(whole,
             fmt::format("{} is not a registry (HOST or HOST:PORT)", shown_text(result.registry)));
    }
    if (result.registry == "index.docker.io") result.registry = kDefaultRegistry;
  } else {
    result.registry = kDefaultRegistry;
    result.repository = name;
  }
  if (!is_repository(result.repository)) {
    refuse(whole, fmt::format("{} is not a repository (lower-case letters and digits, separated "
                              "by '.', '_', '__' or '-', in components between '/')",
                              shown_text(result.repository)));
  }
  if (result.registry == kDefaultRegistry && result.repository.find('/') == std::string::npos) {
    result.repository.insert(0, kOfficial);
  }
  if (result.registry.size() + 1 + result.repository.size() > kNameLimit) {
    refuse(whole, fmt::format("it is longer than {} characters", kNameLimit));
  }
}

std::string with_tag_and_digest(std::string name, const Reference& reference) {
  if (!reference.tag.empty()) name += ":" + reference.tag;
  if (reference.digest) name += "@" + reference.digest->text();
  return name;
}

}  // namespace

std::string Reference::familiar_name() const {
  if (registry != kDefaultRegistry) return registry + "/" + repository;
  const std::string_view rest =
      std::string_view(repository).substr(repository.starts_with(kOfficial) ? kOfficial.size() : 0);
  const std::size_t slash = rest.find('/');
  if (slash == rest.npos && !(rest.size() == 64 && is_lower_hex(rest))) return std::string(rest);
  // No shorter form may name something else: docker.io/library/a/b is not a/b, and
  // docker.io/localhost/a is not localhost/a.
  if (reads_as_registry(repository.substr(0, repository.find('/')))) {
    return registry + "/" + repository;
  }
  return repository;
}

std::string Reference::familiar() const {
  return with_tag_and_digest(familiar_name(), *this);
}

std::string Reference::canonical() const {
  return with_tag_and_digest(registry + "/" + repository, *this);
}

Reference parse_reference(std::string_view text) {
  Reference result;
  std::string_view rest = text;
  const std::size_t at = rest.find('@');
  if (at != rest.npos) {
    result.digest = with_context(fmt::format("{} is not an image name", shown_text(text)),
                                 [&] { return Digest::parse(rest.substr(at + 1)); });
    rest = rest.substr(0, at);
  }
  result.tag = take_tag(rest, text);
  if (rest.empty()) refuse(text, "it is empty");
  if (rest.size() == 64 && is_lower_hex(rest)) {
    refuse(text, "64 hex digits are an image's id, not a name");
  }
  split_name(rest, text, result);
  if (result.tag.empty() && !result.digest) result.tag = "latest";
  return result;
}

}  // namespace seatrial::spec
