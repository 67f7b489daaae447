// What the floor's container shall be confined by: a text file that Stage writes, so that it is
// what the configuration says, and that costs nothing to read.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

namespace seatrial::perf {

struct FloorRecipe {
  std::uint64_t capabilities = 0;   // bounding, permitted and effective
  std::vector<std::string> masked;  // relative to the root, as are the read-only ones
  std::vector<std::string> read_only;
  std::vector<std::string> devices;  // that every container gets beside null and its like
  std::vector<sock_filter> filter;   // empty: no seccomp
  bool read_only_root = false;
  bool no_new_privileges = false;
};

// Lines of a word and, after a space, what it is about: "capabilities HEX", "masked PATH",
// "read-only PATH", "device RULE", "seccomp FILE" (instructions, one after the other),
// "read-only-root", "no-new-privileges". Ends the process with a message where a file cannot be
// read.
FloorRecipe read_recipe(const std::string& file);

}  // namespace seatrial::perf
