#include "engine/network/texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace seatrial::network {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t start = line.find_first_not_of(kBlanks);
    if (start == line.npos) return words;
    line.remove_prefix(start);
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// Not the host's loopback, and not IPv6 (::1 included).
bool is_reachable(std::string_view nameserver) {
  return !nameserver.starts_with("127.") && nameserver.find(':') == nameserver.npos;
}

void append_line(std::string& text, std::string_view keyword, std::span<const std::string> words) {
  if (words.empty()) return;
  text += keyword;
  for (const std::string& word : words) {
    text += ' ';
    text += word;
  }
  text += '\n';
}

// The host's settings, without what means the host's loopback.
ResolverSettings parse(std::string_view text) {
  ResolverSettings found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::vector<std::string> words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    // A comment stands at a line's begin only.
    if (words.size() < 2 || words[0].starts_with('#') || words[0].starts_with(';')) continue;
    const std::string keyword = words.front();
    words.erase(words.begin());
    if (keyword == "nameserver") {
      if (is_reachable(words.front())) found.nameservers.push_back(words.front());
    } else if (keyword == "search" || keyword == "domain") {
      if (keyword == "domain") words.resize(1);
      found.search = words;
    } else if (keyword == "options") {
      found.options.insert(found.options.end(), words.begin(), words.end());
    }
  }
  return found;
}

}  // namespace

std::string hosts_file(const std::vector<HostEntry>& entries) {
  std::string text =
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\n"
      "ff00::0\tip6-mcastprefix\n"
      "ff02::1\tip6-allnodes\n"
      "ff02::2\tip6-allrouters\n";
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    std::vector<std::string> names;
    for (const std::string& name : entry->names) {
      const auto has_it = [&](const HostEntry& earlier) {
        return earlier.address == entry->address && std::ranges::count(earlier.names, name) != 0;
      };
      if (std::any_of(entries.begin(), entry, has_it) || std::ranges::count(names, name) != 0) {
        continue;
      }
      names.push_back(name);
    }
    if (!names.empty()) text += fmt::format("{}\t{}\n", entry->address, fmt::join(names, " "));
  }
  return text;
}

std::string resolv_conf(std::string_view host_file, const ResolverSettings& settings,
                        const std::vector<std::string>& fallback) {
  const ResolverSettings host = parse(host_file);
  const auto& inherited = host.nameservers.empty() ? fallback : host.nameservers;
  const auto& nameservers = settings.nameservers.empty() ? inherited : settings.nameservers;
  std::string text;
  for (const std::string& each : nameservers) text += fmt::format("nameserver {}\n", each);
  // "search ." asks for no search list at all.
  const auto& search = settings.search.empty() ? host.search : settings.search;
  if (search != std::vector<std::string>{"."}) append_line(text, "search", search);
  append_line(text, "options", settings.options.empty() ? host.options : settings.options);
  return text;
}

}  // namespace seatrial::network
