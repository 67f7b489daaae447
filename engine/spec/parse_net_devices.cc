// linux.netDevices.
#include <fmt/format.h>

#include <algorithm>

#include "engine/spec/parse_sections.h"

namespace seatrial::spec {
namespace {

constexpr std::size_t kNameMost = 15;  // IFNAMSIZ without the NUL

// Why the kernel would not take the name (dev_valid_name() of net/core/dev.c); nothing where it
// would. A '%' belongs to templates alone.
std::string fault_of(std::string_view name) {
  if (name.empty() || name.size() > kNameMost) {
    return fmt::format("is no name of a network device: it has 1 to {} bytes", kNameMost);
  }
  if (name == "." || name == "..") return "is no name of a network device";
  if (name.find_first_of("/: \t\n\v\f\r") != std::string_view::npos) {
    return "is no name of a network device: '/', ':' and white space may not occur in it";
  }
  if (name.find('%') != std::string_view::npos) {
    return "is no name of a network device: '%' may only occur as \"%d\" at the end of a new name";
  }
  return {};
}

std::string parse_new_name(const Reader& name) {
  std::string text = name.string();
  std::string example = text;
  if (text.ends_with("%d")) example.replace(text.size() - 2, 2, "00");  // its two letters count
  if (const std::string fault = fault_of(example); !fault.empty()) name.refuse(fault);
  if (text == "lo") name.refuse("is the loopback device, which every network namespace has");
  return text;
}

}  // namespace

std::map<std::string, std::string> parse_net_devices(const Reader& devices,
                                                     const std::vector<Namespace>& namespaces) {
  std::map<std::string, std::string> result;
  for (const auto& [outside, device] : devices.members()) {
    if (const std::string fault = fault_of(outside); !fault.empty()) device.refuse_whole(fault);
    if (outside == "lo") {
      device.refuse_whole("the loopback device cannot leave its network namespace");
    }
    const auto name = device.find("name");
    const bool renamed = name && !name->string().empty();
    std::string inside = renamed ? parse_new_name(*name) : outside;
    const bool taken =
        !inside.ends_with("%d") &&
        std::ranges::any_of(result, [&](const auto& other) { return other.second == inside; });
    if (taken) (renamed ? *name : device).refuse_whole("is a name that another device gets too");
    result.emplace(outside, std::move(inside));
  }
  const bool own = std::ranges::any_of(
      namespaces, [](const Namespace& entry) { return entry.type == NamespaceType::kNetwork; });
  if (!result.empty() && !own) {
    devices.refuse_whole("needs a namespace of type network in linux.namespaces");
  }
  return result;
}

}  // namespace seatrial::spec
