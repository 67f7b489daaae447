// What Engine's operations share. Not for other rooms.
//
// Who changes a container holds its lock: a flock on its directory, which ends with the process. So
// a phase that is under way while nobody holds the lock was left by a killed process, and
// whoever gets the lock next first brings the container to a stable phase (lock_container()).
// Database transactions are short and never held while the kernel or another process is waited for.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/engine.h"
#include "engine/core/store.h"
#include "engine/image/image_store.h"
#include "engine/network/network.h"
#include "engine/runtime/runtime.h"
#include "engine/spec/config.h"
#include "engine/sys/deadline.h"
#include "engine/volume/volumes.h"

namespace seatrial::core {

// A flock on the directory, held while the descriptor lives. Throws Error naming it.
UniqueFd lock_directory(const std::filesystem::path& directory);

// A locked container in a stable phase.
struct Locked {
  UniqueFd lock;
  ContainerRecord record;
};

// What every container gets by bind mounts: of the layer they have covered only empty files.
inline const std::vector<std::string> kEnginesFiles{"etc/hostname", "etc/hosts", "etc/resolv.conf"};

struct Engine::Impl {
  explicit Impl(EngineOptions chosen);

  EngineOptions options;
  Store store;
  image::ImageStore images;
  volume::Volumes volumes;
  runtime::Runtime runtime;
  std::function<void(std::string_view)> warning_sink;

  void warn(std::string_view text) const {
    if (warning_sink) warning_sink(text);
  }

  // --- paths ----------------------------------------------------------------------------------
  std::filesystem::path directory(const std::string& id) const {
    return options.root / "containers" / id;
  }
  std::filesystem::path merged(const std::string& id) const { return directory(id) / "merged"; }
  // The shared memory of a container whose IPC others may join.
  std::filesystem::path shm(const std::string& id) const { return directory(id) / "shm"; }
  std::filesystem::path log(const std::string& id) const {
    return directory(id) / (id + "-json.log");
  }
  std::filesystem::path monitor_directory(const std::string& id) const {
    return options.run / "containers" / id;
  }

  // --- lifecycle.cc -----------------------------------------------------------------------------
  // Throws Error{kNotFound} "No such container: X" for one that is not there, or no more.
  ContainerRecord find(const std::string& container);
  Locked lock_container(const std::string& container);
  // The same, but nothing when somebody else has the lock or the container is gone.
  std::optional<Locked> try_lock_container(const std::string& id);
  // Brings a locked container to a stable phase (kCreated, kRunning, kRestarting, kExited); nothing
  // when that was its removal.
  std::optional<ContainerRecord> settle(ContainerRecord record);
  // Takes away what a start made: processes, cgroups, links and ports, mount, monitor's files. Its
  // addresses stay leased until the caller's next transaction.
  void take_down(const ContainerRecord& record);
  // Removes a stable container; `removal` is kRemoving or kRemovingVolumes.
  void destroy(ContainerRecord record, Phase removal);
  // The rest of a removal, once nothing of the container runs.
  void erase(const ContainerRecord& record, bool anonymous_volumes);
  // Where its name leads to an address now, and must not once another has that address.
  std::vector<std::string> networks_that_know(const std::string& id);
  // One that runs no more, in its new phase: its addresses are free.
  void save_stopped(const ContainerRecord& record);
  // A signal to the container's first process, told as an event.
  void kill(const ContainerRecord& record, int signal);
  // What goes with its end, told as events: its networks and its volumes. In the caller's
  // transaction.
  void tell_of_release(const ContainerRecord& record);
  bool saw_oom_kill(const std::string& id);
  // What `act` writes to the records, in one transaction. Does not nest.
  template <typename Act>
  void write_records(Act&& act) {
    Transaction transaction(store.database());
    std::forward<Act>(act)();
    transaction.commit();
  }
  // One that was taken down and is to be started again.
  ContainerRecord restart_later(ContainerRecord record);
  // wait() of Engine. `run`: over when the container has another count of restarts.
  std::optional<int> wait(const std::string& container, WaitCondition condition,
                          std::optional<unsigned> run, sys::Deadline deadline);
  std::string id_to_wait_for(const std::string& container, WaitCondition condition);
  // False at the deadline.
  bool await_end(const std::string& id, sys::Deadline deadline);
  // What has ended is settled; what is to be restarted is not started yet.
  void settle_quietly(const std::string& id);
  Error not_running(const ContainerRecord& record);
  // Running or paused, by the record and the monitor: without the lock, for who only looks.
  ContainerState state_of(const ContainerRecord& record);
  bool is_running(const ContainerRecord& record);
  bool is_paused(const ContainerRecord& record);

  // --- restart.cc -------------------------------------------------------------------------------
  std::filesystem::path restart_fifo(const std::string& id) const;
  // Leaves what becomes the exit command after the record's backoff; without one, nothing.
  void await_restart(const ContainerRecord& record);
  bool is_restart_awaited(const std::string& id);
  // What waits ends, and does nothing.
  void cancel_restart(const std::string& id);
  // One in phase kRestarting stays as it ended.
  void give_up_restart(ContainerRecord& record);
  // Starts one in phase kRestarting again, unless that is another process' task.
  void go_on(Locked& locked);
  // Before a signal that is to end it, so that its end is taken for what it is.
  void tell_to_stop(const ContainerRecord& record);

  // --- start.cc ---------------------------------------------------------------------------------
  // `attached`: a connected stream socket that becomes the first client, or -1.
  void start(Locked& locked, int attached);
  // The same for a user: what was before has no part in when it is restarted.
  void start_anew(Locked& locked, int attached);

  // --- wiring.cc: networks of containers --------------------------------------------------------

  // The kernel's side of networks, opened when first needed; for one caller at a time.
  template <typename Act>
  decltype(auto) with_networks(Act&& act) {
    const std::lock_guard guard(networks_mutex);
    if (!networks) networks.emplace();
    return std::forward<Act>(act)(*networks);
  }
  // An endpoint on its way to a link, its network made.
  struct Joining {
    NetworkRecord network;
    EndpointRecord endpoint;
  };
  std::vector<Joining> joinings_of(const ContainerRecord& record);
  // The endpoint's address, chosen and kept. In the caller's transaction.
  void lease(Joining& joining);
  // Attaches the container where it has leases; returns what it got, for the caller to save.
  std::vector<EndpointRecord> attach(const ContainerRecord& record, std::vector<Joining> joinings,
                                     int network_namespace);
  EndpointRecord attach_one(const ContainerRecord& record, Joining joining, int network_namespace,
                            const std::string& interface, bool is_first, bool with_ports);
  void detach(const EndpointRecord& endpoint, network::HostLink host_link);
  // Addresses of those that share a user-defined network with the container go to its /etc/hosts,
  // and its own to theirs.
  void write_hosts(const ContainerRecord& record, const std::vector<EndpointRecord>& endpoints);
  void refresh_hosts(const std::string& network);
  void write_resolv_conf(const ContainerRecord& record);
  // Whose host name, hosts and resolv.conf the container has: its own, but in the network mode
  // "container:ID" those of that one. Nothing when it is gone.
  std::optional<ContainerRecord> network_owner(const ContainerRecord& record);
  // Chooses a subnet and makes the bridge where that has not happened (or a reboot took it).
  NetworkRecord ensure_network(const std::string& id);
  static network::NetworkSpec spec_of(const NetworkRecord& network);
  // Throws Error{kNotFound} when the image is for another platform; an empty one takes any.
  static void check_platform(const image::ImageRecord& image, const std::string& reference,
                             const std::string& platform);
  // Refuses what predefined networks have not: addresses of the user's choice, aliases.
  static void check_attachment(const NetworkRecord& network, const NetworkAttachment& attachment);

  // --- others -----------------------------------------------------------------------------------
  void event(std::string type, std::string action, std::string actor,
             std::map<std::string, std::string> attributes = {});
  void event(const ContainerRecord& record, std::string action,
             std::map<std::string, std::string> more = {});
  // A descriptor of the root of a container: as its processes see it while it runs, else mounted
  // for as long as the result lives.
  struct RootView {
    UniqueFd root;
    UniqueFd mount;
  };
  RootView open_root(const ContainerRecord& record);
  ContainerInfo info_of(const ContainerRecord& record);

  std::mutex networks_mutex;
  std::optional<network::Networks> networks;
};

}  // namespace seatrial::core
