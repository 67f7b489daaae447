// linux.sysctl: only kernel parameters that a namespace of the container holds, because any other
// would change the host.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/spec/names.h"
#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

struct Scope {
  std::string_view name;
  NamespaceType type;
};

// Of all parameters below a name that ends with a dot, else of the one parameter
// (network_namespaces(7), ipc_namespaces(7), uts_namespaces(7)).
constexpr auto kScopes = std::to_array<Scope>({
    {"net.", NamespaceType::kNetwork},
    {"fs.mqueue.", NamespaceType::kIpc},
    {"kernel.msgmax", NamespaceType::kIpc},
    {"kernel.msgmnb", NamespaceType::kIpc},
    {"kernel.msgmni", NamespaceType::kIpc},
    {"kernel.sem", NamespaceType::kIpc},
    {"kernel.shmall", NamespaceType::kIpc},
    {"kernel.shmmax", NamespaceType::kIpc},
    {"kernel.shmmni", NamespaceType::kIpc},
    {"kernel.shm_rmid_forced", NamespaceType::kIpc},
    {"kernel.domainname", NamespaceType::kUts},
    {"kernel.hostname", NamespaceType::kUts},
});

// As sysctl(8) reads a name: the first separator is the one between components, and the other of
// '.' and '/' then stands for itself or for the dot in a component (net.ipv4.conf.eth0/1.mtu).
std::string with_dots(std::string name) {
  const std::size_t separator = name.find_first_of("./");
  if (separator == name.npos || name[separator] == '.') return name;
  for (char& c : name) {
    if (c == '.' || c == '/') c = c == '.' ? '/' : '.';
  }
  return name;
}

// Whether every component is a file's name; with '/' for its dots, "/" and "//" are not.
bool is_well_formed(std::string_view name) {
  if (name.find('.') == name.npos) return false;
  for (;;) {
    const std::size_t end = name.find('.');
    const std::string_view component = name.substr(0, end);
    if (component.empty() || component == "/" || component == "//") return false;
    if (end == name.npos) return true;
    name.remove_prefix(end + 1);
  }
}

std::optional<NamespaceType> scope_of(std::string_view name) {
  for (const Scope& scope : kScopes) {
    if (scope.name.ends_with('.') ? name.starts_with(scope.name) : name == scope.name) {
      return scope.type;
    }
  }
  return std::nullopt;
}

}  // namespace

std::map<std::string, std::string> parse_sysctl(const Reader& sysctl,
                                                const std::vector<Namespace>& namespaces) {
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : sysctl.members()) {
    const std::string name = with_dots(key);
    if (!is_well_formed(name)) {
      value.refuse_whole("is not the name of a kernel parameter, as in net.ipv4.ip_forward");
    }
    const std::optional<NamespaceType> type = scope_of(name);
    if (!type) {
      value.refuse_whole("belongs to no namespace; setting it would change the host");
    }
    if (std::none_of(namespaces.begin(), namespaces.end(),
                     [&](const Namespace& entry) { return entry.type == *type; })) {
      value.refuse_whole(
          fmt::format("needs a namespace of type {} in linux.namespaces; without "
                      "one, setting it would change the host",
                      to_string(*type)));
    }
    if (!result.emplace(name, value.string()).second) {
      value.refuse_whole("is given twice, once with '.' and once with '/'");
    }
  }
  return result;
}

}  // namespace seatrial::spec
