#include "engine/spec/write_seccomp.h"

#include "engine/spec/json_members.h"

namespace seatrial::spec {
namespace {

void write_strings(JsonWriter& json, const auto& values) {
  json.begin_array();
  for (const auto& value : values) json.string(value);
  json.end_array();
}

void write_arguments(JsonWriter& json, const std::vector<SeccompArgument>& arguments) {
  json.key("args").begin_array();
  for (const SeccompArgument& argument : arguments) {
    json.begin_object();
    json.key("index").number(argument.index);
    json.key("value").natural(argument.value);
    if (argument.value_two != 0) json.key("valueTwo").natural(argument.value_two);
    json.key("op").string(to_string(argument.op));
    json.end_object();
  }
  json.end_array();
}

void write_rule(JsonWriter& json, const SeccompRule& rule) {
  json.begin_object();
  write_strings(json.key("names"), rule.names);
  json.key("action").string(to_string(rule.action));
  if (rule.errno_ret) json.key("errnoRet").number(*rule.errno_ret);
  if (!rule.args.empty()) write_arguments(json, rule.args);
  json.end_object();
}

}  // namespace

void write_seccomp(JsonWriter& json, const Seccomp& seccomp) {
  json.begin_object();
  json.key("defaultAction").string(to_string(seccomp.default_action));
  if (seccomp.default_errno_ret) json.key("defaultErrnoRet").number(*seccomp.default_errno_ret);
  if (!seccomp.architectures.empty()) {
    write_strings(json.key("architectures"), seccomp.architectures);
  }
  if (seccomp.flags != 0) write_strings(json.key("flags"), seccomp_flag_names(seccomp.flags));
  text(json, "listenerPath", seccomp.listener_path);
  text(json, "listenerMetadata", seccomp.listener_metadata);
  json.key("syscalls").begin_array();
  for (const SeccompRule& rule : seccomp.syscalls) write_rule(json, rule);
  json.end_array();
  json.end_object();
}

}  // namespace seatrial::spec
