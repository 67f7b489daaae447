#include "engine/spec/json_members.h"
#include "engine/spec/names.h"
#include "engine/spec/print_sections.h"

namespace seatrial::spec {
namespace {

void names(JsonWriter& json, std::string_view key, const std::vector<std::string_view>& values) {
  if (values.empty()) return;
  json.key(key).begin_array();
  for (const std::string_view value : values) json.string(value);
  json.end_array();
}

void number_if_set(JsonWriter& json, std::string_view key, std::uint64_t value) {
  if (value != 0) json.key(key).natural(value);
}

void print_scheduler(JsonWriter& json, const Scheduler& scheduler) {
  json.key("scheduler").begin_object();
  json.key("policy").string(scheduler_policy_name(scheduler.policy));
  if (scheduler.nice != 0) json.key("nice").number(scheduler.nice);
  number_if_set(json, "priority", scheduler.priority);
  names(json, "flags", scheduler_flag_names(scheduler.flags));
  number_if_set(json, "runtime", scheduler.runtime);
  number_if_set(json, "deadline", scheduler.deadline);
  number_if_set(json, "period", scheduler.period);
  json.end_object();
}

}  // namespace

void print_scheduling(JsonWriter& json, const Process& process) {
  if (process.scheduler) print_scheduler(json, *process.scheduler);
  if (process.io_priority) {
    json.key("ioPriority").begin_object();
    json.key("class").string(io_class_name(process.io_priority->io_class));
    json.key("priority").number(process.io_priority->level).end_object();
  }
  if (process.exec_cpu_affinity == ExecCpuAffinity{}) return;
  json.key("execCPUAffinity").begin_object();
  text(json, "initial", number_list(process.exec_cpu_affinity.initial));
  text(json, "final", number_list(process.exec_cpu_affinity.final));
  json.end_object();
}

void print_scheduling(JsonWriter& json, const Linux& section) {
  if (section.personality) {
    json.key("personality").begin_object();
    json.key("domain").string(personality_name(*section.personality)).end_object();
  }
  if (!section.memory_policy) return;
  json.key("memoryPolicy").begin_object();
  json.key("mode").string(memory_policy_mode_name(section.memory_policy->mode));
  names(json, "flags", memory_policy_flag_names(section.memory_policy->flags));
  text(json, "nodes", number_list(section.memory_policy->nodes));
  json.end_object();
}

}  // namespace seatrial::spec
