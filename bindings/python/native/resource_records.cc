// Images, networks, volumes and events as Python sees them: engine/core/resource_types.h.
#include "engine/core/resource_types.h"

#include "bindings/python/native/bindings.h"

namespace seatrial::python {
namespace {

using namespace core;

void add_images(py::module_& module) {
  Record<ImageSummary>(module, "ImageSummary")
      .field("id", &ImageSummary::id)
      .field("repo_tags", &ImageSummary::repo_tags)
      .field("repo_digests", &ImageSummary::repo_digests)
      .time("created", &ImageSummary::created)
      .field("size", &ImageSummary::size)
      .field("labels", &ImageSummary::labels)
      .field("containers", &ImageSummary::containers)
      .field("architecture", &ImageSummary::architecture)
      .field("os", &ImageSummary::os)
      .done();
  Record<ImageHistory>(module, "ImageHistory")
      .field("id", &ImageHistory::id)
      .time("created", &ImageHistory::created)
      .text("created_by", &ImageHistory::created_by)
      .field("size", &ImageHistory::size)
      .text("comment", &ImageHistory::comment)
      .field("tags", &ImageHistory::tags)
      .done();
  Record<ImageDeletion>(module, "ImageDeletion")
      .field("untagged", &ImageDeletion::untagged)
      .field("deleted", &ImageDeletion::deleted)
      .done();
  Record<PruneResult>(module, "PruneResult")
      .field("deleted", &PruneResult::deleted)
      .field("space_reclaimed", &PruneResult::space_reclaimed)
      .done();
  Record<Progress>(module, "Progress")
      .field("id", &Progress::id)
      .field("status", &Progress::status)
      .field("current", &Progress::current)
      .field("total", &Progress::total)
      .done();
  Record<RegistryAuth>(module, "RegistryAuth")
      .from_keywords()
      .input("username", &RegistryAuth::username)
      .input("password", &RegistryAuth::password)
      .input("identity_token", &RegistryAuth::identity_token)
      .input("registry_token", &RegistryAuth::registry_token);  // no repr: it holds secrets
}

void add_networks_and_volumes(py::module_& module) {
  Record<NetworkRequest>(module, "NetworkRequest")
      .from_keywords()
      .input("name", &NetworkRequest::name)
      .input("driver", &NetworkRequest::driver)
      .input("internal", &NetworkRequest::internal)
      .input("subnet", &NetworkRequest::subnet)
      .input("gateway", &NetworkRequest::gateway)
      .input("options", &NetworkRequest::options)
      .input("labels", &NetworkRequest::labels)
      .done();
  Record<NetworkInfo>(module, "NetworkInfo")
      .field("id", &NetworkInfo::id)
      .field("name", &NetworkInfo::name)
      .field("driver", &NetworkInfo::driver)
      .time("created", &NetworkInfo::created)
      .field("internal", &NetworkInfo::internal)
      .field("subnet", &NetworkInfo::subnet)
      .field("gateway", &NetworkInfo::gateway)
      .field("options", &NetworkInfo::options)
      .field("labels", &NetworkInfo::labels)
      .field("containers", &NetworkInfo::containers)
      .done();
  Record<VolumeRequest>(module, "VolumeRequest")
      .from_keywords()
      .input("name", &VolumeRequest::name)
      .input("driver", &VolumeRequest::driver)
      .input("driver_opts", &VolumeRequest::driver_opts)
      .input("labels", &VolumeRequest::labels)
      .done();
  Record<VolumeInfo>(module, "VolumeInfo")
      .field("name", &VolumeInfo::name)
      .field("driver", &VolumeInfo::driver)
      .field("mountpoint", &VolumeInfo::mountpoint)
      .time("created", &VolumeInfo::created)
      .field("labels", &VolumeInfo::labels)
      .field("anonymous", &VolumeInfo::anonymous)
      .field("ref_count", &VolumeInfo::ref_count)
      .done();
}

void add_system(py::module_& module) {
  Record<Event>(module, "Event")
      .field("sequence", &Event::sequence)
      .field("type", &Event::type)
      .field("action", &Event::action)
      .field("actor_id", &Event::actor_id)
      .field("attributes", &Event::attributes)
      .time("time", &Event::time)
      .done();
  Record<SystemInfo>(module, "SystemInfo")
      .field("version", &SystemInfo::version)
      .field("root", &SystemInfo::root)
      .field("kernel_version", &SystemInfo::kernel_version)
      .field("architecture", &SystemInfo::architecture)
      .field("cpus", &SystemInfo::cpus)
      .field("memory", &SystemInfo::memory)
      .field("containers", &SystemInfo::containers)
      .field("running", &SystemInfo::running)
      .field("paused", &SystemInfo::paused)
      .field("stopped", &SystemInfo::stopped)
      .field("images", &SystemInfo::images)
      .field("cgroup_version", &SystemInfo::cgroup_version)
      .done();
  Record<RecoveryReport>(module, "RecoveryReport")
      .field("adopted", &RecoveryReport::adopted)
      .field("cleaned", &RecoveryReport::cleaned)
      .field("kept", &RecoveryReport::kept)
      .done();
}

}  // namespace

void add_resource_records(py::module_& module) {
  add_images(module);
  add_networks_and_volumes(module);
  add_system(module);
}

}  // namespace seatrial::python
