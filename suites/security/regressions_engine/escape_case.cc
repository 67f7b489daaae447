#include "suites/security/regressions_engine/escape_case.h"

#include <fmt/format.h>

#include "engine/base/files.h"
#include "harness/core/engine_failure.h"
#include "harness/fixtures/case_site.h"
#include "harness/fixtures/probe_program.h"

namespace regressions_engine {
std::string climbing(const std::filesystem::path& to) {
  std::string path;
  for (int i = 0; i < 24; ++i) path += "../";
  return path + to.relative_path().native();
}

std::string tar_of(const Fill& fill) {
  std::string bytes;
  TarWriter tar([&](std::string_view piece) { bytes += piece; });
  fill(tar);
  tar.finish();
  return bytes;
}

void add_programs(TarWriter& tar) {
  for (const char* name : {"bin", "etc", "proc", "sys", "dev", "data", "usr", "usr/bin"}) {
    tar.directory(name);
  }
  tar.directory("tmp", 01777);
  tar.file("bin/busybox", seatrial::read_file("/bin/busybox"), 0755);
  for (const char* name : {"sh", "cat", "ls", "id", "mkdir", "mv", "ln", "sleep", "touch", "pwd"}) {
    tar.symlink(std::string("bin/") + name, "busybox");
  }
  tar.file("probe", seatrial::read_file(current_site().probe), 0755);
}

Trial::Trial() : canary_(scratch()) {}

Trial::~Trial() {
  for (const std::string& sentence : canary_.tampering()) ADD_FAILURE() << sentence;
}

std::string Trial::load(const std::vector<Fill>& layers, const ImageConfig& config) {
  const int number = ++images_;
  const std::string name = fmt::format("docker.io/seatrial/escape-{}:latest", number);
  ImageLayout layout(scratch() / fmt::format("layout-{}", number));
  std::vector<BlobDescriptor> blobs;
  for (const Fill& fill : layers) blobs.push_back(layout.add_layer(fill));
  layout.add_image(name, blobs, config);
  layout.finish();
  const std::filesystem::path archive = scratch() / fmt::format("image-{}.tar", number);
  layout.archive_to(archive);
  try {
    engine().load_image(archive);
  } catch (const Error& failure) {
    EXPECT_THAT(std::string(failure.what()), Not(HasSubstr(canary_.secret())));
    return {};
  }
  return name;
}

std::string Trial::image(const std::vector<Fill>& layers, const ImageConfig& config, Where where) {
  std::string name = load(layers, config);
  if (name.empty()) throw EngineFailure("an honest image was refused", where);
  return name;
}

std::string Trial::output_if_run(const ContainerDraft& draft) {
  std::string id;
  try {
    id = engine().create(draft);
    engine().start(id);
  } catch (const Error& failure) {
    EXPECT_THAT(std::string(failure.what()), Not(HasSubstr(canary_.secret())));
    if (!id.empty()) {
      EXPECT_EQ(fact(id, "/State/Running"), "false");
      engine().remove(id, {.force = true, .volumes = true});
    }
    return {};
  }
  wait(id);
  const DockerOutput output = engine().logs(id, {});
  engine().remove(id, {.force = true, .volumes = true});
  return output.out + output.err;
}

Report Trial::probed(ContainerDraft draft, const std::vector<std::vector<std::string>>& commands,
                     Where where) {
  if (draft.image == ContainerDraft().image) draft.image = "docker.io/seatrial/probe:latest";
  draft.entrypoint = {{"/probe"}};
  draft.cmd = seatrial::harness::probe_arguments(commands);
  return Report(run_to_end(draft, where).out, where);
}

Report Trial::probed_in(const std::string& container, const std::vector<std::string>& command) {
  return Report(
      engine().exec(container, {.args = seatrial::harness::probe_words({command})}).output.out);
}

}  // namespace regressions_engine
