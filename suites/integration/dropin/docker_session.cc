#include "suites/integration/dropin/docker_session.h"

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/deadline_scale.h"

namespace dropin_suite {

json DockerSession::document(const Wish& wish) const {
  json document = Session::document(wish);
  if (!runtime_.empty()) document["HostConfig"]["Runtime"] = runtime_;
  // dockerd takes the profile's text, podman the file's name.
  if (wish.seccomp == SeccompWish::kProfile && !podman_) {
    for (json& option : document["HostConfig"]["SecurityOpt"]) {
      if (option == "seccomp=" + wish.profile) {
        option = "seccomp=" + seatrial::read_file(wish.profile);
      }
    }
  }
  return document;
}

std::string DockerSession::hold(const Wish& wish) {
  const std::string id = client_.create(document(wish).dump());
  client_.start(id);
  return id;
}

Ended DockerSession::finish(const Wish& wish) {
  const std::string id = client_.create(document(wish).dump());
  Ended ended;
  if (wish.input.empty()) {
    client_.start(id);
    ended.code = wait(id);
    const DockerOutput output = client_.logs(id, {}, scaled(10s));
    ended.out = output.out;
    ended.err = output.err;
  } else {
    DockerAttachment attachment = client_.attach(id, wish.tty, true);
    client_.start(id);
    attachment.write(wish.input, scaled(10s));
    if (!wish.tty) attachment.close_input();  // who lets go of a terminal hears no more
    const DockerOutput output = attachment.read_all(scaled(10s));
    ended = {.code = wait(id), .out = output.out, .err = output.err};
  }
  client_.remove(id, {.force = true});
  return ended;
}

Ended DockerSession::exec(const std::string& id, const DockerExec& program) {
  const DockerExecEnd end = client_.exec(id, program, scaled(10s));
  return {.code = end.code, .out = end.output.out, .err = end.output.err};
}

void DockerSession::kill(const std::string& id, int signal) {
  client_.kill(id, std::to_string(signal));
}

void DockerSession::remove(const std::string& id) {
  client_.remove(id, {.force = true, .volumes = true});
}

int DockerSession::wait(const std::string& id) {
  return client_.wait(id, scaled(10s));
}

std::string DockerSession::status(const std::string& id) {
  return inspect(id).at("State").at("Status");
}

std::string DockerSession::output(const std::string& id) {
  const DockerOutput output = client_.logs(id, {}, scaled(10s));
  return output.out + output.err;
}

std::size_t DockerSession::processes(const std::string& id) {
  return json::parse(client_.call({.target = "/containers/" + id + "/top"}, "top"))
      .at("Processes")
      .size();
}

std::filesystem::path DockerSession::process(const std::string& id) {
  return proc_ / inspect(id).at("State").at("Pid").dump();
}

std::string DockerSession::cgroup_value(const std::string& id, const std::string& controller,
                                        const std::string& file, const std::string& v2_file) {
  const std::string script = fmt::format("cd /sys/fs/cgroup && (cat {}/{} || cat {}) 2>/dev/null",
                                         controller, file, v2_file);
  return exec(id, {.args = shell(script)}).out;
}

}  // namespace dropin_suite
