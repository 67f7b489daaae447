// /etc/subuid and /etc/subgid: which ids of the host a user may map into its containers
// (subuid(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/config.h"

namespace seatrial::runtime {

struct IdRange {
  std::uint64_t start = 0;
  std::uint64_t count = 0;
};

// The ranges that the text of such a file gives to the user, by name or by number. Lines that are
// none are passed over, as newuidmap does.
std::vector<IdRange> ranges_of(std::string_view text, std::string_view name, uid_t uid);

// Whether every id of these lies in one of the ranges, which may adjoin.
bool covers(std::vector<IdRange> ranges, IdRange wanted);

// The name that /etc/passwd has for the user, else its number.
std::string user_name(uid_t uid);

struct Grants {
  std::string file = {};
  std::uint32_t own_id = 0;  // which newuidmap and newgidmap map without a grant
};

// Throws Error{kDenied} naming file, user and range where newuidmap or newgidmap would refuse a
// mapping. Where /etc/nsswitch.conf takes such ranges from elsewhere, they are not looked at.
void check_grants(const std::vector<spec::IdMapping>& mappings, std::string_view path,
                  std::string_view program, const Grants& grants);

}  // namespace seatrial::runtime
