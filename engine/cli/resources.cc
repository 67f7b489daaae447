// Volumes and networks.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/cli/output.h"
#include "engine/cli/verbs.h"
#include "engine/core/times.h"

namespace seatrial::engine_cli {
namespace {

using nlohmann::json;

}  // namespace

int create_volume(Call& call) {
  const GivenOptions& options = call.options();
  core::VolumeRequest request{.name = options.text("name")};
  if (!call.arguments().empty()) {
    if (!request.name.empty() && request.name != call.argument(0)) {
      throw error(Kind::kInvalidArgument,
                  "conflicting options: cannot specify a volume name through both --name and as a "
                  "positional arg");
    }
    request.name = call.argument(0);
  }
  request.driver = options.get("driver").value_or("local");
  request.driver_opts = parse_options("opt", options.all("opt"));
  request.labels = parse_pairs(options.all("label"));
  print_out(call.engine().create_volume(request).name + "\n");
  return 0;
}

int list_volumes(Call& call) {
  const Listing listing{.columns = {{"Driver", "DRIVER"}, {"Name", "VOLUME NAME"}},
                        .other_headings = {{"Mountpoint", "MOUNTPOINT"},
                                           {"Labels", "LABELS"},
                                           {"Scope", "SCOPE"},
                                           {"Links", "LINKS"}},
                        .quiet_field = "Name"};
  std::vector<Row> rows;
  for (const auto& each : call.engine().volumes(parse_filters(call.options().all("filter")))) {
    rows.emplace_back(json{{"Driver", each.driver},
                           {"Name", each.name},
                           {"Mountpoint", each.mountpoint},
                           {"Labels", labels_text(each.labels)},
                           {"Scope", "local"},
                           {"Links", std::to_string(each.ref_count)}},
                      each.labels);
  }
  print_rows(listing, call.options(), rows);
  return 0;
}

int remove_volumes(Call& call) {
  const bool force = call.options().on("force");
  return for_each_argument(
      call, [&](const std::string& name) { call.engine().remove_volume(name, force); });
}

int prune_volumes(Call& call) {
  if (!confirmed(call.options(),
                 "This will remove anonymous local volumes not used by at least one container.")) {
    return 0;
  }
  print_pruned("Deleted Volumes:",
               call.engine().prune_volumes(call.options().on("all"), prune_filters(call)));
  return 0;
}

int create_network(Call& call) {
  const GivenOptions& options = call.options();
  const std::string id =
      call.engine().create_network({.name = call.argument(0),
                                    .driver = options.get("driver").value_or("bridge"),
                                    .internal = options.on("internal"),
                                    .subnet = options.text("subnet"),
                                    .ip_range = options.text("ip-range"),
                                    .gateway = options.text("gateway"),
                                    .options = parse_options("opt", options.all("opt")),
                                    .labels = parse_pairs(options.all("label"))});
  print_out(id + "\n");
  return 0;
}

int list_networks(Call& call) {
  const Listing listing{
      .columns = {{"ID", "NETWORK ID"}, {"Name", "NAME"}, {"Driver", "DRIVER"}, {"Scope", "SCOPE"}},
      .other_headings = {{"IPv6", "IPV6"},
                         {"Internal", "INTERNAL"},
                         {"Labels", "LABELS"},
                         {"CreatedAt", "CREATED AT"}},
      .quiet_field = "ID"};
  const bool truncate = !call.options().on("no-trunc");
  std::vector<Row> rows;
  for (const auto& each : call.engine().networks(parse_filters(call.options().all("filter")))) {
    rows.emplace_back(json{{"ID", truncate ? core::short_id(each.id) : each.id},
                           {"Name", each.name},
                           {"Driver", each.driver},
                           {"Scope", each.scope},
                           {"IPv6", "false"},
                           {"Internal", each.internal ? "true" : "false"},
                           {"Labels", labels_text(each.labels)},
                           {"CreatedAt", core::print_time(each.created)}},
                      each.labels);
  }
  print_rows(listing, call.options(), rows);
  return 0;
}

int remove_networks(Call& call) {
  return for_each_argument(call,
                           [&](const std::string& name) { call.engine().remove_network(name); });
}

int connect_network(Call& call) {
  call.engine().connect({.network = call.argument(0),
                         .aliases = call.options().all("alias"),
                         .ip = call.options().text("ip")},
                        call.argument(1));
  return 0;
}

int disconnect_network(Call& call) {
  call.engine().disconnect(call.argument(0), call.argument(1), call.options().on("force"));
  return 0;
}

int prune_networks(Call& call) {
  if (!confirmed(call.options(),
                 "This will remove all custom networks not used by at least one container.")) {
    return 0;
  }
  std::string text;
  for (const std::string& each : call.engine().prune_networks(prune_filters(call)).deleted) {
    text += (text.empty() ? "Deleted Networks:\n" : "") + each + "\n";
  }
  print_out(text);
  return 0;
}

}  // namespace seatrial::engine_cli
