#include "engine/cgroup/device_list.h"

#include <algorithm>
#include <sstream>

#include "engine/base/error.h"

namespace seatrial::cgroup {
namespace {

using spec::DeviceRule;
using Number = std::optional<std::int64_t>;

bool covers(const Number& wide, const Number& narrow) {
  return !wide || wide == narrow;
}

bool covers(const DeviceRule& wide, const DeviceRule& narrow) {
  return covers(wide.major, narrow.major) && covers(wide.minor, narrow.minor);
}

bool meet(const Number& one, const Number& other) {
  return !one || !other || one == other;
}

bool meet(const DeviceRule& one, const DeviceRule& other) {
  return one.type == other.type && meet(one.major, other.major) && meet(one.minor, other.minor) &&
         ((one.read && other.read) || (one.write && other.write) || (one.mknod && other.mknod));
}

bool is_empty(const DeviceException& exception) {
  return !exception.rule.read && !exception.rule.write && !exception.rule.mknod;
}

bool is_everything(const DeviceRule& rule) {
  return rule.type == 'a' && !rule.major && !rule.minor && rule.read && rule.write && rule.mknod;
}

// Back to the default for what the rule names.
void take_back(DeviceList& list, const DeviceRule& rule, std::size_t index) {
  for (DeviceException& exception : list.exceptions) {
    if (!meet(exception.rule, rule)) continue;
    if (!covers(rule, exception.rule)) {
      throw error(Kind::kUnsupported,
                  "linux.resources.devices[{}]: cgroup v1 cannot take \"{}\" out of \"{}\" of "
                  "linux.resources.devices[{}]",
                  index, device_line(rule), device_line(exception.rule), exception.index);
    }
    exception.rule.read &= !rule.read;
    exception.rule.write &= !rule.write;
    exception.rule.mknod &= !rule.mknod;
  }
  std::erase_if(list.exceptions, is_empty);
}

void apply(DeviceList& list, const DeviceRule& rule, std::size_t index) {
  if (rule.allow == list.allows_by_default) {
    take_back(list, rule, index);
  } else {
    list.exceptions.push_back({rule, index});
  }
}

Number parse_number(const std::string& text) {
  return text == "*" ? Number{} : Number{std::stoll(text)};
}

std::string number_or_star(const Number& number) {
  return number ? fmt::format("{}", *number) : "*";
}

}  // namespace

bool DeviceList::allows_all_nodes(char type) const {
  if (allows_by_default) return true;
  return std::any_of(exceptions.begin(), exceptions.end(), [&](const DeviceException& exception) {
    const DeviceRule& rule = exception.rule;
    return rule.type == type && !rule.major && !rule.minor && rule.mknod;
  });
}

DeviceList resolve_devices(const std::vector<DeviceRule>& rules) {
  DeviceList list;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (is_everything(rules[i])) {
      list = {.allows_by_default = rules[i].allow, .default_index = i};
      continue;
    }
    for (const char type : {'b', 'c'}) {
      if (rules[i].type != 'a' && rules[i].type != type) continue;
      DeviceRule rule = rules[i];
      rule.type = type;
      apply(list, rule, i);
    }
  }
  return list;
}

std::vector<DeviceRule> default_devices() {
  std::vector<DeviceRule> rules;
  for (const std::int64_t memory : {3, 5, 7, 8, 9}) {
    rules.push_back({.allow = true, .type = 'c', .major = 1, .minor = memory});
  }
  for (const std::int64_t terminal : {0, 2}) {
    rules.push_back({.allow = true, .type = 'c', .major = 5, .minor = terminal});
  }
  rules.push_back({.allow = true, .type = 'c', .major = 136, .minor = std::nullopt});
  return rules;
}

std::string device_access(const DeviceRule& rule) {
  return fmt::format("{}{}{}", rule.read ? "r" : "", rule.write ? "w" : "", rule.mknod ? "m" : "");
}

std::string device_line(const DeviceRule& rule) {
  return fmt::format("{} {}:{} {}", rule.type, number_or_star(rule.major),
                     number_or_star(rule.minor), device_access(rule));
}

std::vector<DeviceRule> parse_device_lines(std::string_view text) {
  std::vector<DeviceRule> rules;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    DeviceRule rule{.allow = true};
    std::string major;
    std::string minor;
    std::string access;
    words >> rule.type;
    std::getline(words >> std::ws, major, ':');
    words >> minor >> access;
    rule.major = parse_number(major);
    rule.minor = parse_number(minor);
    rule.read = access.find('r') != access.npos;
    rule.write = access.find('w') != access.npos;
    rule.mknod = access.find('m') != access.npos;
    rules.push_back(rule);
  }
  return rules;
}

}  // namespace seatrial::cgroup
