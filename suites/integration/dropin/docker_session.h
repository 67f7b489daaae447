// Sessions over Docker's API: dockerd with a runtime by name, podman's service.
#pragma once

#include "harness/fixtures/docker_daemon.h"
#include "suites/integration/dropin/session.h"

namespace dropin_suite {

class DockerSession : public Session {
 public:
  // `runtime` is a name that the daemon knows; empty: the one that it uses for all.
  DockerSession(const EngineService& service, std::string runtime, bool podman)
      : client_(service.client()),
        proc_(proc_of(service.pid())),
        runtime_(std::move(runtime)),
        podman_(podman) {}

  std::string hold(const Wish& wish) override;
  Ended finish(const Wish& wish) override;
  Ended exec(const std::string& id, const DockerExec& program) override;
  void kill(const std::string& id, int signal) override;
  void pause(const std::string& id) override { client_.pause(id); }
  void resume(const std::string& id) override { client_.unpause(id); }
  void remove(const std::string& id) override;
  int wait(const std::string& id) override;
  std::string status(const std::string& id) override;
  std::string output(const std::string& id) override;
  std::size_t processes(const std::string& id) override;
  std::string cgroup_value(const std::string& id, const std::string& controller,
                           const std::string& file, const std::string& v2_file) override;
  std::filesystem::path process(const std::string& id) override;
  const DockerClient& docker(std::string_view) override { return client_; }
  bool is_podman() const override { return podman_; }
  bool tells_oom() const override { return !podman_; }  // conmon tells at the end

 protected:
  json document(const Wish& wish) const override;

 private:
  DockerClient client_;
  std::filesystem::path proc_;
  std::string runtime_;
  bool podman_;
};

}  // namespace dropin_suite
