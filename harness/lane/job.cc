#include "harness/lane/job.h"

#include "engine/base/error.h"
#include "harness/lane/wire.h"

namespace seatrial::lane {
namespace {

std::string_view word_for(CgroupLayout layout) {
  switch (layout) {
    case CgroupLayout::kV2:
      return "v2";
    case CgroupLayout::kV1:
      return "v1";
    case CgroupLayout::kHybrid:
      return "hybrid";
  }
  return "";
}

void append(std::string& text, std::string_view key, std::string_view value) {
  if (value.find('\0') != std::string_view::npos) {
    throw error(Kind::kInvalidArgument, "a value of the job holds a null byte");
  }
  text += key;
  text += '=';
  text += value;
  text += '\0';
}

}  // namespace

CgroupLayout parse_cgroup_layout(std::string_view word) {
  if (word == "v2") return CgroupLayout::kV2;
  if (word == "v1") return CgroupLayout::kV1;
  if (word == "hybrid") return CgroupLayout::kHybrid;
  throw error(Kind::kInvalidArgument, "\"{}\" is no layout of control groups: v2, v1 or hybrid",
              word);
}

SecurityModule parse_security_module(std::string_view word) {
  if (word == "none") return SecurityModule::kNone;
  if (word == "apparmor") return SecurityModule::kAppArmor;
  if (word == "selinux") return SecurityModule::kSelinux;
  throw error(Kind::kInvalidArgument, "\"{}\" is no security module: apparmor, selinux or none",
              word);
}

std::string print_job(const Job& job) {
  std::string text;
  for (const std::string& arg : job.args) append(text, wire::kArg, arg);
  for (const std::string& variable : job.env) append(text, wire::kEnv, variable);
  for (const std::string& directory : job.collect) append(text, wire::kCollect, directory);
  append(text, wire::kDirectory, job.directory);
  append(text, wire::kCgroup, word_for(job.cgroup));
  if (job.security == SecurityModule::kSelinux) append(text, wire::kPolicy, wire::kPolicyFile);
  return text;
}

}  // namespace seatrial::lane
