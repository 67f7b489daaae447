// The JSON that suite programs and the runner exchange, both directions in one place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/core/result.h"

namespace seatrial::harness {

struct CaseList {
  std::string suite = {};
  std::vector<std::string> targets = {"*"};  // globs over those that the suite takes: "oci:*"
  std::vector<CaseInfo> cases = {};
};

// What `SUITE --list` prints.
std::string print_case_list(const CaseList& list);
// Throws Error{kInvalidArgument} naming the JSON path of what is wrong.
CaseList parse_case_list(std::string_view text);

// What `SUITE --describe TARGET` prints, and what --facts hands back to a case.
std::string print_target_info(const TargetInfo& target);
TargetInfo parse_target_info(std::string_view text);

// What `SUITE --run` writes to its --result-fd. Only verdict, reason, observations and duration
// travel; the rest of the CaseResult stays as it is.
std::string print_result_document(const CaseResult& result);
void parse_result_document(std::string_view text, CaseResult& result);

}  // namespace seatrial::harness
