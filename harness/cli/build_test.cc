// `image build-test`: the images of the suites' cases, for whoever wants to run something.
#include <fcntl.h>

#include <cstdlib>
#include <filesystem>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cli/output.h"
#include "engine/cli/progress.h"
#include "harness/cli/verbs.h"
#include "harness/fixtures/test_images.h"

namespace seatrial::cli {
namespace {

namespace fs = std::filesystem;

// As the command line names them, each once; all where it names none.
std::vector<std::string> chosen(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return {"seatrial/probe", "busybox", "debian"};
  std::vector<std::string> names;
  for (const std::string& each : arguments) {
    harness::test_image(each);  // refuses what is none
    if (std::ranges::find(names, each) == names.end()) names.push_back(each);
  }
  return names;
}

fs::path cache_directory(const GivenOptions& options) {
  if (const auto given = options.get("cache")) return fs::absolute(*given);
  const auto variable = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const fs::path home = variable("XDG_CACHE_HOME"); home.is_absolute())
    return home / "seatrial";
  if (const fs::path home = variable("HOME"); home.is_absolute()) return home / ".cache/seatrial";
  return "/var/cache/seatrial";
}

void load(engine_cli::Call& call, const std::string& name, const core::ProgressSink& progress) {
  const TempDir work(fs::temp_directory_path(), "seatrial-build-test-");
  progress({.id = name, .status = "Building"});
  harness::build_test_images(work.path() / "layout", {harness::test_image(name)},
                             cache_directory(call.options()))
      .archive_to(work.path() / "image.tar");
  progress({.id = name, .status = "Loading"});
  const UniqueFd archive = open_file(work.path() / "image.tar", O_RDONLY);
  for (const std::string& loaded : call.engine().load(archive.get(), {})) {
    progress({.id = name, .status = "Loaded"});
    engine_cli::print_out(fmt::format("Loaded image: {}\n", loaded));
  }
}

// Whole or not at all.
void write_layout(const fs::path& output, const std::vector<std::string>& names,
                  const fs::path& cache, const core::ProgressSink& progress) {
  std::error_code failure;
  if (fs::exists(output, failure) && !fs::is_empty(output, failure)) {
    throw error(Kind::kConflict, "{} is there already and not an empty directory", output.native());
  }
  std::vector<harness::TestImage> images;
  for (const std::string& name : names) images.push_back(harness::test_image(name));
  const TempDir work(output.parent_path(), ".seatrial-build-test-");
  progress({.id = output.filename(), .status = "Building"});
  harness::build_test_images(work.path() / "layout", images, cache);
  fs::rename(work.path() / "layout", output);
  progress({.id = output.filename(), .status = "Complete"});
  for (const harness::TestImage image : images) {
    engine_cli::print_out(harness::name_of(image) + "\n");
  }
}

}  // namespace

int build_test_images(engine_cli::Call& call) {
  const GivenOptions& options = call.options();
  const std::vector<std::string> names = chosen(call.arguments());
  core::ProgressSink progress = engine_cli::progress_on_terminal(options.on("quiet"));
  if (!progress) progress = [](const core::Progress&) {};
  if (const auto output = options.get("output")) {
    fs::path directory = fs::absolute(*output);
    if (!directory.has_filename()) directory = directory.parent_path();  // "images/"
    write_layout(directory, names, cache_directory(options), progress);
    return 0;
  }
  for (const std::string& name : names) load(call, name, progress);
  return 0;
}

}  // namespace seatrial::cli
