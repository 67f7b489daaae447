// What containers of one image share: the files of its layers, and the pages that the kernel keeps
// of them.
#include "engine/base/files.h"
#include "harness/fixtures/case_site.h"
#include "suites/security/regressions_engine/escape_case.h"

namespace regressions_engine {
namespace {

// The contents of all files of that name below the directory: an engine's data lie there.
std::vector<std::string> contents_below(const std::filesystem::path& directory,
                                        const std::string& name) {
  using Options = std::filesystem::directory_options;
  std::vector<std::string> found;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(directory, Options::skip_permission_denied)) {
    if (entry.path().filename() == name && entry.is_regular_file()) {
      found.push_back(seatrial::read_file(entry.path()));
    }
  }
  return found;
}

}  // namespace

// One page of the cache stands for the file in every container of the image and on the host.
TRIAL(PageCache, OfALayerIsNobodysToChange, Clauses{"security/page-cache"}) {
  const std::string name = canary().name() + "-cargo", path = "/" + name, text = canary().secret();
  const std::string made = image({add_programs, [&](TarWriter& tar) { tar.file(name, text); }});
  const ContainerDraft draft{.image = made, .cmd = {"/probe", "hold"}};
  const std::string id = run(draft), sibling = run(draft);
  await_output(id, "\"hold\"");
  await_output(sibling, "\"hold\"");
  const auto on_the_host = [&] { return contents_below(current_site().directory, name); };
  EXPECT_THAT(on_the_host(), Contains(text));  // control: it is found

  EXPECT_THAT(probed_in(id, {"splice_over", path, "hit"}).answer("splice_over"),
              HasText("content", text.substr(0, 1) + "hit"))
      << "the pipe: control";
  EXPECT_THAT(probed_in(id, {"read", path}), Read(path, text));
  EXPECT_THAT(probed_in(sibling, {"read", path}), Read(path, text));
  EXPECT_THAT(on_the_host(), Each(text));

  // Control: a change is seen where it belongs, and only there.
  EXPECT_THAT(probed_in(id, {"write_text", path, "hit"}), Did("write_text", path));
  EXPECT_THAT(probed_in(id, {"read", path}), Read(path, StartsWith("hit")));
  EXPECT_THAT(probed_in(sibling, {"read", path}), Read(path, text));
  EXPECT_THAT(on_the_host(), AllOf(Contains(text), Contains(StartsWith("hit"))));
  for (const std::string& each : {id, sibling}) engine().kill(each, SIGKILL);
}

}  // namespace regressions_engine
