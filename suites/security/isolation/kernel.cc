// What the kernel would let a program do if the engine's profile did not stand before it.
#include <fmt/format.h>

#include "suites/security/isolation/isolation_case.h"

namespace isolation {
namespace {

// "swapon=167:0" -> {"edit_call", "167", "0"}: the same call in the words of another command.
Command edited(const SweepCall& call) {
  Command words{"edit_call"};
  std::string word;
  for (const char c : call.operand.substr(call.operand.find('=') + 1) + ":") {
    if (c != ':') {
      word += c;
      continue;
    }
    words.push_back(word);
    word.clear();
  }
  while (words.size() < 8) words.emplace_back("-1");
  return words;
}

// The first refused call for which the kernel itself would have another answer.
SweepCall one_to_reach(const std::map<std::string, std::string>& refused,
                       const std::map<std::string, std::string>& kernels,
                       const std::vector<SweepCall>& calls) {
  for (const SweepCall& call : calls) {
    const std::string& own = kernels.at(call.label);
    if (own != "ENOSYS" && own != "EAFNOSUPPORT" && own != refused.at(call.label)) return call;
  }
  throw Lack("this kernel would refuse every call that the profile refuses");
}

}  // namespace

// Linux before 4.8 asked the filter first and the tracer second: a child that was traced got any
// call past the filter. The default profiles let ptrace(2) through since then.
TRIAL(EditedCall, IsRefusedLikeAnyOther, Clauses{"security/ptrace-past-seccomp"}) {
  const Profile known = profile();
  std::vector<SweepCall> refused;
  for (const SweepCall& call : sweep_calls()) {
    if (known.refused.contains(call.label)) refused.push_back(call);
  }
  if (refused.empty()) throw Lack("the sweep's data knows no numbers of this machine's calls");
  const auto kernels = sweep(unconfined(), refused);
  const SweepCall call = one_to_reach(known.refused, kernels, refused);
  const Command attempt = edited(call);
  const Report free = report(probe(unconfined(), {attempt}));
  EXPECT_EQ(free.answer("edit_call", attempt[1]).error(), kernels.at(call.label))
      << call.label << " without a filter: the control";
  const Answer seen = report(probe({attempt})).answer("edit_call", attempt[1]);
  EXPECT_FALSE(seen.has("harness")) << seen.dump();  // control: the tracer had its way
  EXPECT_EQ(seen.error(), known.refused.at(call.label)) << call.label;
}

// In earnest: a user namespace gives every capability over what is in it.
TRIAL(NestedUserNamespace, IsHadWhereTheProfileSaysSo, Clauses{"security/nested-user-namespace"}) {
  const Profile known = profile();
  const Command attempt{"unshare", "user"};
  const Report free = report(probe(unconfined({"SYS_ADMIN"}), {attempt}));
  if (free.answer("unshare", "user").error() == "ENOSPC") {
    throw Lack("this kernel lets nobody make another user namespace (user.max_user_namespaces)");
  }
  EXPECT_THAT(free, Did("unshare", "user"));  // control
  const std::string id = hold();
  for (const Report& seen : {report(probe({attempt})), exec(id, {attempt})}) {
    EXPECT_EQ(seen.answer("unshare", "user").error(), known.refusal_of("unshare"));
  }
}

}  // namespace isolation
