#include "suites/integration/dropin/dropin_case.h"

#include <fmt/format.h>
#include <unistd.h>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/engine_failure.h"
#include "harness/core/process.h"
#include "harness/fixtures/case_site.h"
#include "harness/fixtures/docker_daemon.h"
#include "harness/fixtures/host_needs.h"
#include "harness/fixtures/short_path.h"
#include "harness/fixtures/test_images.h"
#include "suites/integration/dropin/ctr_session.h"
#include "suites/integration/dropin/docker_session.h"

namespace dropin_suite {
namespace {

namespace fs = std::filesystem;
using seatrial::error;

constexpr const char* kRunc = "/usr/sbin/runc";
constexpr const char* kNameInDocker = "subject";

// "docker" and the program of "dropin:docker+PROGRAM", if there is one.
struct Parts {
  std::string daemon = {};
  std::string program = {};
};

Parts parts_of(const std::string& spec) {
  const std::string text = spec.substr(spec.find(':') + 1);
  const std::size_t plus = text.find('+');
  if (plus == text.npos) return {.daemon = text, .program = {}};
  return {.daemon = text.substr(0, plus), .program = text.substr(plus + 1)};
}

fs::path own_runtime() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& directory : {here.parent_path(), here.parent_path() / "bin"}) {
    if (::access((directory / "seatrial-runtime").c_str(), X_OK) == 0) {
      return directory / "seatrial-runtime";
    }
  }
  throw error(Kind::kNotFound, "seatrial-runtime does not lie above {}", here.native());
}

fs::path runtime_of(const std::string& spec) {
  const std::string program = parts_of(spec).program;
  if (program.empty()) return own_runtime();
  if (::access(program.c_str(), X_OK) == 0 && program.starts_with('/')) return program;
  throw error(Kind::kInvalidArgument, "{}: {} is not the absolute path of a program", spec,
              program);
}

// Where the daemon, which sees some of the host's directories empty, finds it under its own name.
fs::path brought_in(const CaseSite& site) {
  const fs::path from = runtime_of(site.target_spec);
  const fs::path to = site.directory / from.filename();
  fs::copy_file(from, to);
  return to;
}

fs::path image_archive(const CaseSite& site) {
  const fs::path archive = site.directory / "images.tar";
  if (!fs::exists(archive)) {
    build_test_images(site.directory / "layout", {TestImage::kBusybox}, site.directory / "cache")
        .archive_to(archive);
  }
  return archive;
}

template <typename Service>
void require() {
  if (const std::string reason = Service::missing(); !reason.empty()) {
    throw error(Kind::kNotFound, "{}", reason);
  }
  if (::access(kRunc, X_OK) != 0) {
    throw error(Kind::kNotFound, "{} is not installed: it is the control", kRunc);
  }
}

class InDocker : public Daemons {
 public:
  explicit InDocker(const CaseSite& site)
      : daemon_(EngineService::Network::kNone, site.directory,
                {.arguments = {"--add-runtime",
                               fmt::format("{}={}", kNameInDocker, brought_in(site).native())}}),
        runc_(daemon_, "runc", false),
        subject_(daemon_, kNameInDocker, false) {
    daemon_.client().load_image(image_archive(site));
  }
  Session& with_runc() override { return runc_; }
  Session& with_subject() override { return subject_; }

 private:
  DockerDaemon daemon_;
  DockerSession runc_;
  DockerSession subject_;
};

// A service has one runtime for all.
class InPodman : public Daemons {
 public:
  explicit InPodman(const CaseSite& site)
      : place_(site.directory),
        runtime_(brought_in(site)),
        archive_(image_archive(site)),
        runc_(kRunc, archive_) {}
  Session& with_runc() override { return runc_.session; }
  Session& with_subject() override {
    if (!subject_) subject_ = std::make_unique<One>(runtime_, archive_);
    return subject_->session;
  }

 private:
  struct One {
    One(const fs::path& runtime, const fs::path& archive)
        : service(EngineService::Network::kNone, ShortPath::kPath, {"--runtime", runtime}),
          session(service, "", true) {
      service.client().load_image(archive);
    }
    PodmanService service;
    DockerSession session;
  };

  ShortPath place_;  // goes after the services
  fs::path runtime_;
  fs::path archive_;
  One runc_;
  std::unique_ptr<One> subject_;
};

class InContainerd : public Daemons {
 public:
  explicit InContainerd(const CaseSite& site)
      : service_(site.directory), runc_(service_, kRunc), subject_(service_, brought_in(site)) {
    std::vector<std::string> load = service_.ctr();
    load.insert(load.end(), {"images", "import", image_archive(site)});
    const Outcome outcome = run_command(load, {.deadline = scaled(30s)});
    if (!outcome.succeeded()) throw error(Kind::kUnavailable, "{}", describe(outcome));
  }
  Session& with_runc() override { return runc_; }
  Session& with_subject() override { return subject_; }

 private:
  ContainerdService service_;
  CtrSession runc_;
  CtrSession subject_;
};

std::unique_ptr<Daemons> start_daemons(const CaseSite& site) {
  const std::string daemon = parts_of(site.target_spec).daemon;
  if (daemon == "docker") {
    require<DockerDaemon>();
    return std::make_unique<InDocker>(site);
  }
  if (daemon == "podman") {
    require<PodmanService>();
    return std::make_unique<InPodman>(site);
  }
  if (daemon == "containerd") {
    require<ContainerdService>();
    return std::make_unique<InContainerd>(site);
  }
  throw error(Kind::kInvalidArgument, "{}: there is docker, podman and containerd", daemon);
}

// All that a workflow may need of the host.
constexpr Feature kOfTheHost[] = {
    Feature::kMakeDevices, Feature::kSeccomp,       Feature::kCpuCgroup,     Feature::kMemoryCgroup,
    Feature::kPidsCgroup,  Feature::kFreezerCgroup, Feature::kDevicesCgroup,
};

// Its name, and its version as the program tells.
TargetInfo describe(CaseSite& site) {
  const fs::path runtime = runtime_of(site.target_spec);
  const Outcome told = run_command({runtime, "--version"});
  const std::string first = told.output.substr(0, told.output.find('\n'));
  TargetInfo info{
      .spec = site.target_spec,
      .name =
          fmt::format("{} in {}", runtime.filename().native(), parts_of(site.target_spec).daemon),
      .version = told.succeeded() ? first.substr(first.find_last_of(' ') + 1) : "unknown",
      .oci_version = {},
      .features = {},
      .missing = {}};
  add_host_features(info, kOfTheHost);
  return info;
}

}  // namespace

const SuiteKind& dropin_kind() {
  static const SuiteKind kind{.targets = {"dropin:*"}, .describe = describe};
  return kind;
}

Trial::Trial() : daemons_(start_daemons(current_site())) {}

Trial::~Trial() = default;

Seen Trial::with_both(const std::function<Seen(Session&)>& workflow, Where where) {
  Seen control;
  try {
    control = workflow(daemons_->with_runc());
  } catch (const Error& failure) {
    throw error(failure.kind(), "the control, runc: {}", failure.what());
  }
  Seen seen;
  try {
    seen = workflow(daemons_->with_subject());
  } catch (const Error& failure) {
    throw EngineFailure(failure.what(), where);
  }
  if (seen == control) return control;
  ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
      << "runc shows " << ::testing::PrintToString(control) << ",\nthis runtime "
      << ::testing::PrintToString(seen);
  return control;
}

}  // namespace dropin_suite
