// Who a container's process runs as: "USER[:GROUP]" looked up in the container's own /etc/passwd
// and /etc/group. Pure: works on their texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::core {

struct UserFiles {
  std::string passwd = {};
  std::string group = {};
};

struct ResolvedUser {
  spec::User user = {};
  std::string home = "/";
};

// `text`: "", "name", "uid", each with ":group" or ":gid"; empty means root. A number need not be
// in the files, and no name in them stands for it; its group is then 0. Without a group, the groups
// that list the user come along. The primary group and `added` (--group-add) always do. Throws
// Error{kInvalidArgument} in docker's words for a name that is not there or a number out of range.
ResolvedUser resolve_user(std::string_view text, const UserFiles& files,
                          const std::vector<std::string>& added = {});

// Reads both files beneath the directory `rootfs` (openat2(2), RESOLVE_IN_ROOT); absent ones are
// empty. Throws Error.
UserFiles read_user_files(int rootfs);

}  // namespace seatrial::core
