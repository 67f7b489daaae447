// A session with containerd over its own command line, whose shim calls the runtime.
#pragma once

#include "harness/fixtures/containerd_service.h"
#include "suites/integration/dropin/session.h"

namespace dropin_suite {

class CtrSession : public Session {
 public:
  CtrSession(const ContainerdService& service, std::string runtime)
      : service_(service), runtime_(std::move(runtime)) {}
  // Tells what it took to have programs' words whole: with any runtime now and then a retry. What
  // one needs far more often than the other is that runtime's own loss.
  ~CtrSession() override;

  std::string hold(const Wish& wish) override;
  Ended finish(const Wish& wish) override;
  Ended exec(const std::string& id, const DockerExec& program) override;
  void kill(const std::string& id, int signal) override;
  void pause(const std::string& id) override;
  void resume(const std::string& id) override;
  void remove(const std::string& id) override;
  int wait(const std::string& id) override;
  std::string status(const std::string& id) override;
  std::string output(const std::string& id) override;
  std::size_t processes(const std::string& id) override;
  std::string cgroup_value(const std::string& id, const std::string& controller,
                           const std::string& file, const std::string& v2_file) override;
  std::filesystem::path process(const std::string& id) override;
  const DockerClient& docker(std::string_view what) override;
  bool is_ctr() const override { return true; }

 private:
  std::vector<std::string> words(std::initializer_list<std::string> verb) const;
  std::vector<std::string> run_words(const Wish& wish, const std::vector<std::string>& how,
                                     const std::string& id) const;
  std::string write_config(const Wish& wish, const std::string& id) const;
  // Of the container's line in the list of tasks: 1 is its pid, 2 its status.
  std::string column(const std::string& id, int number) const;
  // What ctr prints. Throws Error where it ends with another status than 0.
  std::string call(const std::vector<std::string>& words) const;
  std::string log_of(const std::string& id) const;
  std::string next_id();
  // With a terminal in place of the three streams where asked.
  static Ended attend(const std::vector<std::string>& words, const std::string& input, bool tty);

  const ContainerdService& service_;
  std::string runtime_;
  int made_ = 0;
  int programs_ = 0;  // whose words were to come whole
  int retries_ = 0;   // that it took
};

}  // namespace dropin_suite
