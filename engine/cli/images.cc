// Images: list, pull, push, load, save, import, tag, remove, history.
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cli/output.h"
#include "engine/cli/progress.h"
#include "engine/cli/rows.h"
#include "engine/cli/verbs.h"
#include "engine/core/times.h"
#include "engine/spec/reference.h"

namespace seatrial::engine_cli {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

std::string image_id(const std::string& id, bool truncate) {
  if (!truncate) return id;
  return core::short_id(id.starts_with("sha256:") ? id.substr(7) : id);
}

// "localhost:5000/a/b:tag" -> name and tag; "name@sha256:..." -> name and digest.
std::pair<std::string, std::string> split_name(const std::string& text, char separator) {
  const std::size_t at = text.rfind(separator);
  if (at == text.npos || text.find('/', at) != text.npos) return {text, "<none>"};
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string digest_of(const core::ImageSummary& image, const std::string& repository) {
  for (const std::string& each : image.repo_digests) {
    const auto [name, digest] = split_name(each, '@');
    if (name == repository) return digest;
  }
  return "<none>";
}

UniqueFd input_of(const std::string& path) {
  if (!path.empty() && path != "-") return open_file(path, O_RDONLY);
  if (::isatty(STDIN_FILENO) != 0) {
    throw error(Kind::kInvalidArgument, "requested load from stdin, but stdin is empty");
  }
  return UniqueFd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
}

}  // namespace

void add_image_rows(const core::ImageSummary& image, bool truncate, std::vector<Row>& rows) {
  std::vector<std::string> names = image.repo_tags;
  if (names.empty()) names.emplace_back("<none>");
  for (const std::string& name : names) {
    auto [repository, tag] = split_name(name, ':');
    const std::string size = human_size(static_cast<double>(image.size));
    rows.emplace_back(json{{"ID", image_id(image.id, truncate)},
                           {"Repository", repository},
                           {"Tag", tag},
                           {"Digest", digest_of(image, repository)},
                           {"CreatedSince", age(image.created, system_clock::now())},
                           {"CreatedAt", core::print_time(image.created)},
                           {"Size", size},
                           {"VirtualSize", size},
                           {"SharedSize", "N/A"},
                           {"UniqueSize", "N/A"},
                           {"Containers", std::to_string(image.containers)}});
  }
}

void pull_image(core::Engine& engine, const std::string& reference, const std::string& platform,
                PullWords words) {
  const spec::Reference name = spec::parse_reference(reference);
  const auto say = [&](const std::string& text) {
    if (words != PullWords::kNone) write_all(words == PullWords::kOnStdout ? 1 : 2, text, "output");
  };
  say(fmt::format("{}: Pulling from {}\n", name.digest ? name.digest->text() : name.tag,
                  name.repository));
  const core::PullResult pulled = engine.pull(reference, {.platform = platform},
                                              progress_on_terminal(words == PullWords::kNone));
  say(fmt::format("Digest: {}\nStatus: {} for {}\n", pulled.digest,
                  pulled.is_news ? "Downloaded newer image" : "Image is up to date",
                  name.familiar()));
}

int images(Call& call) {
  const GivenOptions& options = call.options();
  core::Filters filters = parse_filters(options.all("filter"));
  if (!call.arguments().empty()) filters["reference"].push_back(call.argument(0));
  Listing listing{.columns = {{"Repository", "REPOSITORY"},
                              {"Tag", "TAG"},
                              {"ID", "IMAGE ID"},
                              {"CreatedSince", "CREATED"},
                              {"Size", "SIZE"}},
                  .other_headings = {{"Digest", "DIGEST"},
                                     {"CreatedAt", "CREATED AT"},
                                     {"VirtualSize", "SIZE"},
                                     {"SharedSize", "SHARED SIZE"},
                                     {"UniqueSize", "UNIQUE SIZE"},
                                     {"Containers", "CONTAINERS"}},
                  .quiet_field = "ID"};
  if (options.on("digests"))
    listing.columns.insert(listing.columns.begin() + 2, {"Digest", "DIGEST"});
  std::vector<Row> rows;
  for (const core::ImageSummary& image : call.engine().images(options.on("all"), filters)) {
    add_image_rows(image, !options.on("no-trunc"), rows);
  }
  print_rows(listing, options, rows);
  return 0;
}

int pull(Call& call) {
  const std::string name = spec::parse_reference(call.argument(0)).canonical();
  const bool quiet = call.options().on("quiet");
  pull_image(call.engine(), call.argument(0), call.options().text("platform"),
             quiet ? PullWords::kNone : PullWords::kOnStdout);
  print_out(name + "\n");
  return 0;
}

int push(Call& call) {
  const bool quiet = call.options().on("quiet");
  const spec::Reference name = spec::parse_reference(call.argument(0));
  if (!quiet) {
    print_out(
        fmt::format("The push refers to repository [{}/{}]\n", name.registry, name.repository));
  }
  const core::PushResult pushed =
      call.engine().push(call.argument(0), {}, progress_on_terminal(quiet));
  print_out(quiet ? name.canonical() + "\n"
                  : fmt::format("{}: digest: {} size: {}\n", name.tag, pushed.digest, pushed.size));
  return 0;
}

int load(Call& call) {
  const UniqueFd input = input_of(call.options().text("input"));
  const bool quiet = call.options().on("quiet");
  for (const std::string& name : call.engine().load(input.get(), progress_on_terminal(quiet))) {
    print_out(fmt::format("{}: {}\n",
                          name.starts_with("sha256:") ? "Loaded image ID" : "Loaded image", name));
  }
  return 0;
}

int save(Call& call) {
  const std::string path = call.options().text("output");
  if (path.empty() && ::isatty(STDOUT_FILENO) != 0) {
    throw error(Kind::kInvalidArgument,
                "cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  for (const std::string& image : call.arguments()) {
    if (!call.engine().has_image(image)) {
      throw error(Kind::kNotFound, "No such image: {}", image);
    }
  }
  UniqueFd file;
  if (!path.empty()) file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  call.engine().save(call.arguments(), file ? file.get() : STDOUT_FILENO);
  return 0;
}

int import(Call& call) {
  const UniqueFd input = input_of(call.argument(0));
  const std::string name = call.arguments().size() > 1 ? call.argument(1) : "";
  const std::string id = call.engine().import(input.get(), name, call.options().all("change"),
                                              call.options().text("message"));
  print_out(id + "\n");
  return 0;
}

int tag(Call& call) {
  call.engine().tag(call.argument(0), call.argument(1));
  return 0;
}

int rmi(Call& call) {
  const bool force = call.options().on("force");
  return for_each_argument(
      call,
      [&](const std::string& name) {
        const core::ImageDeletion gone = call.engine().remove_image(name, force);
        for (const std::string& each : gone.untagged) print_out("Untagged: " + each + "\n");
        for (const std::string& each : gone.deleted) print_out("Deleted: " + each + "\n");
      },
      false);
}

int history(Call& call) {
  const GivenOptions& options = call.options();
  const Listing listing{.columns = {{"ID", "IMAGE"},
                                    {"CreatedSince", "CREATED"},
                                    {"CreatedBy", "CREATED BY"},
                                    {"Size", "SIZE"},
                                    {"Comment", "COMMENT"}},
                        .other_headings = {{"CreatedAt", "CREATED AT"}, {"Tags", "TAGS"}},
                        .quiet_field = "ID"};
  const bool truncate = !options.on("no-trunc");
  const bool human = options.on("human", true);
  std::vector<Row> rows;
  for (const core::ImageHistory& each : call.engine().history(call.argument(0))) {
    const std::string created = core::print_time(each.created);
    rows.emplace_back(json{
        {"ID", each.id == "<missing>" ? each.id : image_id(each.id, truncate)},
        {"CreatedSince", human ? age(each.created, system_clock::now()) : created},
        {"CreatedAt", created},
        {"CreatedBy", truncate ? shortened(each.created_by, 45) : each.created_by},
        {"Size", human ? human_size(static_cast<double>(each.size)) : std::to_string(each.size)},
        {"Comment", each.comment}});
  }
  print_rows(listing, options, rows);
  return 0;
}

int prune_images(Call& call) {
  const bool all = call.options().on("all");
  if (!confirmed(call.options(), all ? "This will remove all images without at least one "
                                       "container associated to them."
                                     : "This will remove all dangling images.")) {
    return 0;
  }
  print_pruned("Deleted Images:", call.engine().prune_images(all, prune_filters(call)));
  return 0;
}

}  // namespace seatrial::engine_cli
