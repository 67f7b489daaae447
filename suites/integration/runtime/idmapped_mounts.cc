// Mounts beneath which files have other owners than on disk.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"
#include "harness/fixtures/case.h"
#include "harness/fixtures/host_mount.h"

namespace {

constexpr unsigned kOnDisk = 1000;
constexpr const char* kUidMappings = R"([{"containerID": 1000, "hostID": 2000, "size": 1}])";
constexpr const char* kGidMappings = R"([{"containerID": 1000, "hostID": 3000, "size": 1}])";

void own(const std::string& path) {
  if (::chown(path.c_str(), kOnDisk, kOnDisk) != 0) {
    throw seatrial::sys_error(errno, "change the owner of {}", path);
  }
}

MountSpec mapped(const std::string& source, std::vector<std::string> options) {
  return {
      .destination = "/mapped", .type = "none", .source = source, .options = std::move(options)};
}

void expect_owner(const Answer& file, unsigned uid, unsigned gid) {
  EXPECT_THAT(file, HasField("uid", uid));
  EXPECT_THAT(file, HasField("gid", gid));
}

}  // namespace

// The mappings of the mount decide who owns the files, for this mount alone; on disk nothing
// changes.
TRIAL(IdmappedMounts, ShowTheMappedOwners,
      Clauses{"runtime/mount-options/idmap", "runtime/mount-options/idmap-applied",
              "runtime/mount-options/idmap-uses-mappings", "runtime/mounts/uid-mappings",
              "runtime/mounts/gid-mappings", "runtime/mounts/uid-mappings-mount-setattr",
              "runtime/mounts/gid-mappings-mount-setattr"},
      Needs{Feature::kIdmappedMounts, Feature::kSpec12}) {
  const std::string source = scratch_dir("source");
  own(scratch_file("source/file", ""));
  auto box = target().run(Bundle::minimal()
                              .mount(mapped(source, {"bind", "idmap"}))
                              .set_json("/mounts/3/uidMappings", kUidMappings)
                              .set_json("/mounts/3/gidMappings", kGidMappings)
                              .bind(source, "/plain")
                              .probe({"stat", "/mapped/file", "/plain/file"}));

  expect_owner(box.report().stat("/plain/file"), kOnDisk, kOnDisk);  // control
  expect_owner(box.report().stat("/mapped/file"), 2000, 3000);
}

// ridmap goes on to the mounts beneath, idmap does not.
TRIAL(IdmappedMounts, RidmapReachesTheMountsBeneath,
      Clauses{"runtime/mount-options/ridmap", "runtime/mount-options/ridmap-applied",
              "runtime/mount-options/ridmap-recursive",
              "runtime/mount-options/ridmap-uses-mappings"},
      Needs{Feature::kIdmappedMounts, Feature::kSpec12}) {
  const std::string source = scratch_dir("source");
  own(scratch_file("source/file", ""));
  const HostMount below = HostMount::tmpfs(scratch_dir("source/below"));
  own(scratch_file("source/below/file", ""));
  const auto with_option = [&](const char* option) {
    return Bundle::minimal()
        .mount(mapped(source, {"rbind", option}))
        .set_json("/mounts/3/uidMappings", kUidMappings)
        .set_json("/mounts/3/gidMappings", kGidMappings)
        .probe({"stat", "/mapped/file", "/mapped/below/file"});
  };
  auto top_only = target().run(with_option("idmap"));
  auto whole = target().run(with_option("ridmap"));

  expect_owner(top_only.report().stat("/mapped/file"), 2000, 3000);
  expect_owner(top_only.report().stat("/mapped/below/file"), kOnDisk, kOnDisk);
  expect_owner(whole.report().stat("/mapped/file"), 2000, 3000);
  expect_owner(whole.report().stat("/mapped/below/file"), 2000, 3000);
}

namespace {

struct Unmapped {
  std::string name;
  Clauses clauses;
  std::string option;
  Needs needs = {Feature::kIdmappedMounts, Feature::kSpec12};
};

const Unmapped kUnmapped[] = {
    {"IdmapWithoutAnyMappingIsRefused", {"runtime/mount-options/idmap-no-userns-error"}, "idmap"},
    {"RidmapWithoutAnyMappingIsRefused",
     {"runtime/mount-options/ridmap-no-userns-error"},
     "ridmap"},
};

}  // namespace

// Neither the mount nor the container has mappings: there is nothing to map by.
TRIAL_TABLE(IdmappedMounts, kUnmapped) {
  const std::string source = scratch_dir("source");
  const Bundle bundle = Bundle::minimal().mount(mapped(source, {"rbind", row().option}));
  Bundle control = bundle;
  control.set_json("/mounts/3/uidMappings", kUidMappings)
      .set_json("/mounts/3/gidMappings", kGidMappings);

  EXPECT_THAT(target().try_create(control), Succeeded());
  EXPECT_THAT(target().try_create(bundle), Refused());
}

namespace {

const Unmapped kByTheContainer[] = {
    {"IdmapIsThatOfTheContainerOrRefused",
     {"runtime/mount-options/idmap-fallback-error"},
     "idmap",
     {Feature::kIdmappedMounts, Feature::kUserNamespace, Feature::kSpec12}},
    {"RidmapIsThatOfTheContainerOrRefused",
     {"runtime/mount-options/ridmap-fallback-error"},
     "ridmap",
     {Feature::kIdmappedMounts, Feature::kUserNamespace, Feature::kSpec12}},
};

}  // namespace

// Without mappings of its own the mount is mapped as the container is, or not made at all.
TRIAL_TABLE(IdmappedMounts, kByTheContainer) {
  const std::string source = scratch_dir("source");
  own(scratch_file("source/file", ""));
  const Bundle plain = Bundle::minimal()
                           .with_namespace("user")
                           .uid_mapping({.container_id = 0, .host_id = 100000, .size = 65536})
                           .gid_mapping({.container_id = 0, .host_id = 100000, .size = 65536})
                           .with_dir("/plain")
                           .with_dir("/mapped")
                           .bind(source, "/plain")
                           .probe({"stat", "/plain/file"});
  constexpr unsigned kNobody = 65534;
  auto control = target().run(plain);
  expect_owner(control.report().stat("/plain/file"), kNobody, kNobody);

  auto box = target().try_run(Bundle(plain)
                                  .mount(mapped(source, {"rbind", row().option}))
                                  .probe({"stat_follow", "/mapped/file"}));
  if (!box.outcome().succeeded()) {
    EXPECT_THAT(box, Refused());
    return;
  }
  expect_owner(box.report().answer("stat_follow", "/mapped/file"), kOnDisk, kOnDisk);
}
