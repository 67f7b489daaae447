// The functions behind the verbs. Each returns the exit status and throws Error.
#pragma once

#include <functional>
#include <string>

#include "engine/cli/container_request.h"
#include "engine/cli/program.h"

namespace seatrial::engine_cli {

// run.cc
int create(Call& call);
int run(Call& call);
int start(Call& call);
int attach(Call& call);
int exec(Call& call);

// containers.cc
int ps(Call& call);
int logs(Call& call);
int top(Call& call);
int stats(Call& call);
int port(Call& call);
int diff(Call& call);

// lifecycle.cc
int stop(Call& call);
int restart(Call& call);
int kill(Call& call);
int pause(Call& call);
int unpause(Call& call);
int wait(Call& call);
int rm(Call& call);
int rename(Call& call);
int update(Call& call);
int prune_containers(Call& call);
int commit(Call& call);
int export_container(Call& call);
int settle(Call& call);

// copy.cc
int copy(Call& call);

// images.cc
int images(Call& call);
int pull(Call& call);
int push(Call& call);
int load(Call& call);
int save(Call& call);
int import(Call& call);
int tag(Call& call);
int rmi(Call& call);
int history(Call& call);
int prune_images(Call& call);

// resources.cc
int create_volume(Call& call);
int list_volumes(Call& call);
int remove_volumes(Call& call);
int prune_volumes(Call& call);
int create_network(Call& call);
int list_networks(Call& call);
int remove_networks(Call& call);
int connect_network(Call& call);
int disconnect_network(Call& call);
int prune_networks(Call& call);

// inspect.cc
int inspect(Call& call);
int inspect_containers(Call& call);
int inspect_images(Call& call);
int inspect_volumes(Call& call);
int inspect_networks(Call& call);

// system.cc
int events(Call& call);
int info(Call& call);
int disk_usage(Call& call);
int prune_system(Call& call);
int recover(Call& call);

// --- what several share -------------------------------------------------------------------------

// Does `act` for each argument and prints it; a refusal is told and the others go on. 1 when any
// was refused.
int for_each_argument(Call& call, const std::function<void(const std::string&)>& act,
                      bool print = true);
void complain(std::string_view sentence);
// Asks on the terminal unless --force or standard input is none; false: the answer was no.
bool confirmed(const GivenOptions& options, std::string_view warning);
core::Filters prune_filters(const Call& call);
void print_pruned(std::string_view title, const core::PruneResult& result);
// Where to say what is pulled and what came of it; with words, progress is on standard error when
// that is a terminal.
enum class PullWords { kNone, kOnStdout, kOnStderr };
void pull_image(core::Engine& engine, const std::string& reference, const std::string& platform,
                PullWords words);

}  // namespace seatrial::engine_cli
