#include "suites/perf/floor_recipe.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "suites/perf/floor_cgroups.h"

namespace seatrial::perf {
namespace {

std::vector<sock_filter> read_filter(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (bytes.empty()) die(file.c_str());
  std::vector<sock_filter> filter(bytes.size() / sizeof(sock_filter));
  std::memcpy(filter.data(), bytes.data(), filter.size() * sizeof(sock_filter));
  return filter;
}

}  // namespace

FloorRecipe read_recipe(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) die(file.c_str());
  FloorRecipe recipe;
  for (std::string line; std::getline(stream, line);) {
    const std::size_t space = line.find(' ');
    const std::string word = line.substr(0, space);
    const std::string about = space == std::string::npos ? "" : line.substr(space + 1);
    if (word == "capabilities") recipe.capabilities = std::strtoull(about.c_str(), nullptr, 16);
    if (word == "masked") recipe.masked.push_back(about);
    if (word == "read-only") recipe.read_only.push_back(about);
    if (word == "device") recipe.devices.push_back(about);
    if (word == "seccomp") recipe.filter = read_filter(about);
    if (word == "read-only-root") recipe.read_only_root = true;
    if (word == "no-new-privileges") recipe.no_new_privileges = true;
  }
  return recipe;
}

}  // namespace seatrial::perf
