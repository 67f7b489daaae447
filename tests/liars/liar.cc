// A runtime that lies in one chosen way, to test the harness with: the lie is the name that the
// program is called by (a link made by CMakeLists.txt), the honest work is done by the
// seatrial-runtime beside it. lies_test.py says which cases each lie must turn red.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// The command line as far as the lies need it.
struct Call {
  std::vector<std::string> arguments;
  std::string verb;  // the first word that is neither an option nor the value of one
  fs::path bundle = ".";
  std::string pid_file;
  std::string id;  // the last word
};

const std::map<std::string, bool> kGlobalsTakeValue{
    {"--root", true}, {"--log", true}, {"--log-format", true}, {"--debug", false}};

Call read_call(int argc, char** argv) {
  Call call;
  call.arguments.assign(argv + 1, argv + argc);
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const std::string& word = call.arguments[i];
    const bool has_next = i + 1 < call.arguments.size();
    if (has_next && (word == "--bundle" || word == "-b")) call.bundle = call.arguments[i + 1];
    if (has_next && word == "--pid-file") call.pid_file = call.arguments[i + 1];
    const auto global = kGlobalsTakeValue.find(word);
    if (global != kGlobalsTakeValue.end() && global->second) ++i;
    if (word[0] != '-' && call.verb.empty() && global == kGlobalsTakeValue.end()) call.verb = word;
  }
  if (!call.arguments.empty()) call.id = call.arguments.back();
  return call;
}

bool makes_container(const Call& call) {
  return call.verb == "create" || call.verb == "run";
}

int honest(const std::vector<std::string>& arguments) {
  const fs::path runtime =
      fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "seatrial-runtime";
  std::vector<char*> argv{const_cast<char*>(runtime.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(runtime.c_str(), argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A document with a member that is given twice: nobody could write it back.
bool repeats_a_member(const std::string& text) {
  std::vector<std::set<std::string>> open;
  bool repeats = false;
  const auto note = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key) {
      repeats |= !open.back().insert(parsed.get<std::string>()).second;
    }
    return true;
  };
  return !json::parse(text, note, false).is_discarded() && repeats;
}

// Creates from a configuration that `edit` changed; the bundle's own file is put back afterwards.
int with_config(const Call& call, const std::function<void(json&)>& edit) {
  if (!makes_container(call)) return honest(call.arguments);
  const fs::path path = call.bundle / "config.json";
  std::ifstream file(path);
  const std::string original((std::istreambuf_iterator<char>(file)), {});
  file.close();  // else it stands open in the runtime that is executed
  json config = json::parse(original, nullptr, false);
  if (config.is_discarded() || !config.is_object() || repeats_a_member(original)) {
    return honest(call.arguments);
  }
  edit(config);
  std::ofstream(path) << config.dump();
  const int status = honest(call.arguments);
  std::ofstream(path) << original;
  return status;
}

void remove_capability(json& config, std::string_view name) {
  if (!config.contains("/process/capabilities"_json_pointer)) return;
  for (auto& [set, names] : config["process"]["capabilities"].items()) {
    for (std::size_t i = names.size(); i-- > 0;) {
      if (names[i] == name) names.erase(i);
    }
  }
}

// The options that only show where an earlier one has set something.
void remove_lifting_options(json& config) {
  static const std::set<std::string> kLifting{"async", "atime",      "dev",           "diratime",
                                              "exec",  "nolazytime", "nostrictatime", "relatime",
                                              "rw",    "suid",       "symfollow"};
  if (!config.contains("mounts")) return;
  for (json& mount : config["mounts"]) {
    if (!mount.contains("options") || !mount["options"].is_array()) continue;
    json kept = json::array();
    for (const json& option : mount["options"]) {
      if (!option.is_string() || !kLifting.contains(option.get<std::string>())) {
        kept.push_back(option);
      }
    }
    mount["options"] = std::move(kept);
  }
}

void drop_timeouts(json& config) {
  if (!config.contains("hooks") || !config["hooks"].is_object()) return;
  for (auto& [kind, hooks] : config["hooks"].items()) {
    for (json& hook : hooks) {
      if (hook.is_object()) hook.erase("timeout");
    }
  }
}

// Rules with one action get another one.
void replace_action(json& config, std::string_view action, const json& other) {
  const auto rules = "/linux/seccomp/syscalls"_json_pointer;
  if (!config.contains(rules)) return;
  for (json& rule : config[rules]) {
    if (rule.value("action", "") == action) rule.update(other);
  }
}

// A process that outlives the runtime and holds none of its descriptors.
void leave_process() {
  if (::fork() != 0) return;
  ::setsid();
  for (int fd = 0; fd < 64; ++fd) ::close(fd);
  ::sleep(300);
  ::_exit(0);
}

int print_state_instead(const Call& call, const std::function<void()>& print) {
  if (call.verb != "state") return honest(call.arguments);
  print();
  return 0;
}

// Runs the honest verb, then `also` when it was `verb` and went well.
int after(const Call& call, std::string_view verb, const std::function<void()>& also) {
  const int status = honest(call.arguments);
  if (status == 0 && call.verb == verb) also();
  return status;
}

int always_kills(const Call& call) {
  if (call.verb != "kill") return honest(call.arguments);
  std::vector<std::string> arguments = call.arguments;
  arguments.back() = "KILL";
  return honest(arguments);
}

using Lie = std::function<int(const Call&)>;

const std::map<std::string, Lie, std::less<>>& lies() {
  static const std::map<std::string, Lie, std::less<>> kLies{
      {"honest", [](const Call& call) { return honest(call.arguments); }},
      {"ignores-readonly-root",
       [](const Call& call) {
         return with_config(call, [](json& config) { config["root"]["readonly"] = false; });
       }},
      {"ignores-masked-paths",
       [](const Call& call) {
         return with_config(call, [](json& config) { config["linux"].erase("maskedPaths"); });
       }},
      {"ignores-readonly-paths",
       [](const Call& call) {
         return with_config(call, [](json& config) { config["linux"].erase("readonlyPaths"); });
       }},
      {"ignores-lifting-options",
       [](const Call& call) { return with_config(call, &remove_lifting_options); }},
      {"ignores-limits",
       [](const Call& call) {
         return with_config(call, [](json& config) { config["linux"].erase("resources"); });
       }},
      {"drops-capability",
       [](const Call& call) {
         return with_config(call, [](json& config) { remove_capability(config, "CAP_KILL"); });
       }},
      {"ignores-no-new-privileges",
       [](const Call& call) {
         return with_config(call, [](json& config) { config["process"].erase("noNewPrivileges"); });
       }},
      {"forgets-poststop",
       [](const Call& call) {
         return with_config(call, [](json& config) {
           if (config.contains("hooks")) config["hooks"].erase("poststop");
         });
       }},
      {"ignores-hook-timeouts", [](const Call& call) { return with_config(call, &drop_timeouts); }},
      {"drops-seccomp-flags",
       [](const Call& call) {
         return with_config(call, [](json& config) {
           if (config.contains("/linux/seccomp/flags"_json_pointer)) {
             config["linux"]["seccomp"].erase("flags");
           }
         });
       }},
      {"logs-nothing",
       [](const Call& call) {
         return with_config(call, [](json& config) {
           replace_action(config, "SCMP_ACT_LOG", {{"action", "SCMP_ACT_ALLOW"}});
         });
       }},
      {"tells-no-tracer",
       [](const Call& call) {
         return with_config(call, [](json& config) {
           replace_action(config, "SCMP_ACT_TRACE",
                          {{"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 38}});
         });
       }},
      {"forgets-annotations",
       [](const Call& call) {
         return with_config(call, [](json& config) { config.erase("annotations"); });
       }},
      {"succeeds-always",
       [](const Call& call) {
         honest(call.arguments);
         return 0;
       }},
      {"hangs-in-state",
       [](const Call& call) { return print_state_instead(call, [] { ::sleep(300); }); }},
      {"prints-garbage",
       [](const Call& call) {
         return print_state_instead(call,
                                    [] { std::fwrite("\0\xff\xfe\x1b[31m{]", 1, 10, stdout); });
       }},
      {"says-running",
       [](const Call& call) {
         return print_state_instead(call, [&call] {
           std::printf(
               R"({"ociVersion":"1.0.2","id":"%s","status":"running","pid":%d,"bundle":"/"})",
               call.id.c_str(), ::getpid());
         });
       }},
      {"always-kills", always_kills},
      {"forgets-pid-file",
       [](const Call& call) {
         return after(call, "create", [&call] { ::unlink(call.pid_file.c_str()); });
       }},
      {"leaks-mount",
       [](const Call& call) {
         return after(call, "delete", [] { ::mount("leak", "/mnt", "tmpfs", 0, nullptr); });
       }},
      {"leaks-process", [](const Call& call) { return after(call, "delete", &leave_process); }},
      {"leaks-cgroup",
       [](const Call& call) {
         return with_config(call, [](json& config) {
           const std::string path = config["linux"].value("cgroupsPath", "");
           if (!path.empty()) fs::create_directories("/sys/fs/cgroup/pids" + path + "-leaked");
         });
       }},
  };
  return kLies;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = fs::path(argv[0]).filename();
  const auto lie = lies().find(name);
  if (lie == lies().end()) {
    std::fprintf(stderr, "%s is none of the lies that liar.cc knows\n", name.c_str());
    return 2;
  }
  return lie->second(read_call(argc, argv));
}
