// linux.intelRdt, on a stand-in for resctrl: no machine of ours has a processor with RDT.
#include "engine/runtime/intel_rdt.h"
#include "engine/runtime/host_programs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "engine/runtime/container_fixture.h"
#include "engine/runtime/impl.h"
#include "engine/runtime/resctrl_fixture.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::runtime {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

class IntelRdt : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) return;
    if (with_stand_in([](const fs::path&) { return "up"; }) == "(no FUSE)") {
      GTEST_SKIP() << "the stand-in for resctrl needs /dev/fuse";
    }
  }

  CreateRequest request(const std::string& section, const std::string& hooks = "{}") const {
    write_file_atomically(dir_.path() / "config.json", fmt::format(R"({{
      "ociVersion": "1.3.0", "root": {{"path": "rootfs"}}, "hooks": {},
      "process": {{"args": ["/usr/bin/sh", "-c", "exec sleep 1000"], "cwd": "/",
                   "env": ["PATH=/usr/bin"], "user": {{"uid": 0, "gid": 0}}}},
      "mounts": [{{"destination": "/proc", "type": "proc", "source": "proc"}},
        {}],
      "linux": {{"intelRdt": {}, "namespaces": [{{"type": "mount"}}, {{"type": "pid"}}]}}}})",
                                                                   hooks, kHostPrograms, section));
    return {.id = id_, .bundle = dir_.path(), .stdio = {-1, -1, -1}, .detached = true};
  }

  // Runs `body` with a runtime that takes the stand-in for resctrl.
  std::string with_runtime(
      const std::function<std::string(Runtime&, const fs::path& resctrl)>& body) const {
    return with_stand_in([&](const fs::path& resctrl) {
      Runtime runtime(dir_.path() / "state");
      impl_of(runtime).resctrl = StandInResctrl::kind();
      std::string seen = body(runtime, resctrl);
      runtime.remove(id_, true);
      return seen;
    });
  }

  // What becomes of a create with this section: its failure, or "made" and the class's schemata.
  std::string create(const std::string& section,
                     const std::function<void(const fs::path&)>& before = {}) const {
    return with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
      if (before) before(resctrl);
      return failure_of([&] {
        runtime.create(request(section));
        throw error(Kind::kInternal, "made");
      });
    });
  }
};

std::string line(pid_t pid) {
  return fmt::format("{}\n", pid);
}

void write_line(const fs::path& file, const std::string& text) {
  const UniqueFd fd = open_file(file, O_WRONLY);
  write_all(fd.get(), text + "\n", file.native());
}

TEST_F(IntelRdt, WithoutAClosIdTheClassIsTheContainersOwn) {
  EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
              const Child child = runtime.create(
                  request(R"({"l3CacheSchema": "L3:0=7f0;1=1f", "memBwSchema": "MB:1=70",
                              "schemata": ["L3:1=3f"]})"));
              const fs::path own = resctrl / id_;
              std::string seen = read_file(own / "schemata");
              seen += read_file(own / "tasks") == line(child.pid()) ? "joined\n" : "elsewhere\n";
              seen += fs::is_empty(own / "mon_groups") ? "" : "monitored\n";
              runtime.remove(id_, true);
              return seen + (fs::exists(own) ? "stays" : "gone");
            }),
            "    L3:0=7f0;1=03f\n    MB:0= 100;1=  70\njoined\ngone");
}

TEST_F(IntelRdt, AClassThatWasThereStays) {
  EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
              fs::create_directory(resctrl / id_);
              const Child child = runtime.create(request(R"({"l3CacheSchema": "L3:0=f"})"));
              std::string seen = read_file(resctrl / id_ / "schemata");
              seen += read_file(resctrl / id_ / "tasks") == line(child.pid()) ? "joined " : "";
              runtime.remove(id_, true);
              return seen + (fs::exists(resctrl / id_) ? "stays" : "gone");
            }),
            "    L3:0=00f;1=7ff\n    MB:0= 100;1= 100\njoined stays");
}

TEST_F(IntelRdt, AClassWithAClosIdIsMadeAndOutlivesTheContainer) {
  EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
              const Child child =
                  runtime.create(request(R"({"closID": "gold", "schemata": ["L3:0=f"]})"));
              std::string seen = read_file(resctrl / "gold/schemata");
              seen += read_file(resctrl / "gold/tasks") == line(child.pid()) ? "joined " : "";
              seen += fs::exists(resctrl / id_) ? "two classes " : "";
              runtime.remove(id_, true);
              return seen + (fs::exists(resctrl / "gold") ? "stays" : "gone");
            }),
            "    L3:0=00f;1=7ff\n    MB:0= 100;1= 100\njoined stays");
}

TEST_F(IntelRdt, AClassThatExistsMustBeWhatTheSchemaSays) {
  const auto gold = [](const fs::path& resctrl) {
    fs::create_directory(resctrl / "gold");
    write_line(resctrl / "gold/schemata", "L3:0=f0");
  };
  EXPECT_THAT(create(R"({"closID": "gold", "l3CacheSchema": "L3:0=f0"})", gold), HasSubstr("made"));
  EXPECT_THAT(create(R"({"closID": "gold", "l3CacheSchema": "L3:0=f"})", gold),
              HasSubstr("linux.intelRdt: the class gold has L3:0=f0, not L3:0=f"));
  EXPECT_THAT(create(R"({"closID": "/", "memBwSchema": "MB:0=10"})"),
              HasSubstr("the class / has MB:0=100, not MB:0=10"));
}

TEST_F(IntelRdt, AClosIdAloneNamesAClassThatExists) {
  EXPECT_THAT(create(R"({"closID": "gold"})"),
              HasSubstr("linux.intelRdt.closID: resctrl has no class gold"));
  EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
              fs::create_directory(resctrl / "gold");
              write_line(resctrl / "gold/schemata", "L3:0=f0");
              const Child child = runtime.create(request(R"({"closID": "gold"})"));
              return read_file(resctrl / "gold/schemata") +
                     (read_file(resctrl / "gold/tasks") == line(child.pid()) ? "joined" : "");
            }),
            "    L3:0=0f0;1=7ff\n    MB:0= 100;1= 100\njoined");
}

TEST_F(IntelRdt, ASlashIsTheDefaultClass) {
  EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
              const Child child = runtime.create(request(R"({"closID": "/"})"));
              return std::string(read_file(resctrl / "tasks") == line(child.pid()) ? "joined" : "");
            }),
            "joined");
}

TEST_F(IntelRdt, MonitoringIsAGroupOfTheContainersOwn) {
  for (const char* clos : {"", "gold", "/"}) {
    EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
                fs::create_directory(resctrl / "gold");
                const Child child = runtime.create(
                    request(fmt::format(R"({{"closID": "{}", "enableMonitoring": true}})", clos)));
                const fs::path directory = resctrl / (*clos == '\0' ? id_ : clos + (*clos == '/'));
                const fs::path group = directory / "mon_groups" / id_;
                std::string seen =
                    read_file(group / "tasks") == line(child.pid()) ? "monitored " : "not ";
                seen += read_file(directory / "tasks") == line(child.pid()) ? "joined " : "not ";
                runtime.remove(id_, true);
                return seen + (fs::exists(group) ? "stays" : "gone");
              }),
              "monitored joined gone")
        << clos;
  }
}

TEST_F(IntelRdt, AMonitoringGroupThatCannotBeMadeIsAnError) {
  EXPECT_THAT(
      create(R"({"closID": "/", "enableMonitoring": true})",
             [&](const fs::path& resctrl) { fs::create_directory(resctrl / "mon_groups" / id_); }),
      HasSubstr("linux.intelRdt.enableMonitoring: there is a monitoring group"));
}

TEST_F(IntelRdt, ARefusalLeavesNothing) {
  for (const auto& [section, reason] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"schemata": ["L2:0=f"]})", "this host has no L2 to be shared out"},
           {R"({"schemata": ["L3:2=f"]})", "L3 of this host has no domain 2"},
           {R"({"schemata": ["L3:0=fff"]})",
            "/schemata: Mask out of range fff: EINVAL (Invalid argument)"},
           {R"({"closID": "gold", "schemata": ["L3:0=f", "MB:0=0"], "enableMonitoring": true})",
            "/schemata: Mask out of range 0: EINVAL (Invalid argument)"}}) {
    EXPECT_THAT(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
                  std::string seen = failure_of([&] { runtime.create(request(section)); });
                  if (fs::exists(resctrl / id_) || fs::exists(resctrl / "gold")) seen += " LEFT";
                  return seen + (runtime.list().empty() ? " - none" : " - LISTED");
                }),
                testing::AllOf(HasSubstr("linux.intelRdt: "),
                               testing::EndsWith(std::string(reason) + " - none")))
        << section;
  }
}

TEST_F(IntelRdt, WithoutAClassLeftTheCreateFailsWhole) {
  EXPECT_THAT(create("{}",
                     [](const fs::path& resctrl) {
                       for (const char* name : {"a", "b", "c"})
                         fs::create_directory(resctrl / name);
                     }),
              HasSubstr("the processor has no number left for it"));
}

TEST_F(IntelRdt, ExecutedProcessesAreInTheClassAndTheGroup) {
  EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
              Child first = runtime.run(request(R"({"enableMonitoring": true})"));
              Child second = runtime.exec(
                  {.id = id_, .args = {"/usr/bin/sleep", "1000"}, .stdio = {-1, -1, -1}});
              const auto [low, high] = std::minmax({first.pid(), second.pid()});
              const std::string both = line(low) + line(high);
              std::string seen;
              if (read_file(resctrl / id_ / "tasks") == both) seen += "class ";
              if (read_file(resctrl / id_ / "mon_groups" / id_ / "tasks") == both) seen += "group";
              runtime.kill(id_, SIGKILL);
              second.wait(10s);  // else the first could not end
              first.wait(10s);
              return seen;
            }),
            "class group");
}

TEST_F(IntelRdt, AnUpdateChangesTheClass) {
  EXPECT_EQ(
      with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
        runtime.create(request("{}"));
        runtime.update(id_, {}, {"L3:0=f", "MB:0=20"});
        std::string seen = read_file(resctrl / id_ / "schemata");
        seen += failure_of([&] { runtime.update(id_, {}, {"L2:0=f"}); }) + "\n";
        runtime.remove(id_, true);
        runtime.create(request("null"));
        return seen + failure_of([&] { runtime.update(id_, {}, {"L3:0=f"}); });
      }),
      fmt::format("    L3:0=00f;1=7ff\n    MB:0=  20;1= 100\n"
                  "update {0}: linux.intelRdt: this host has no L2 to be shared out\n"
                  "update {0}: the container was made without linux.intelRdt, and has no class "
                  "of its own to be changed",
                  id_));
}

TEST_F(IntelRdt, WithoutOneNothingIsTouched) {
  EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
              runtime.create(request("null"));
              return read_file(resctrl / "tasks") + (fs::exists(resctrl / id_) ? "made" : "");
            }),
            "");
}

// A hook that kills the runtime: class and group stand by then, and nobody is left to record more.
TEST_F(IntelRdt, WhatAKilledCreateMadeIsTakenBack) {
  const std::string hooks =
      R"({"createRuntime": [{"path": "/usr/bin/sh", "args": ["sh", "-c", "kill -9 $PPID"]}]})";
  for (const char* section :
       {R"({"enableMonitoring": true})",
        R"({"closID": "gold", "schemata": ["L3:0=f"], "enableMonitoring": true})",
        R"({"closID": "silver", "enableMonitoring": true})"}) {
    EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
                fs::create_directory(resctrl / "silver");
                const std::string end = sys::in_child(
                    [&] { return failure_of([&] { runtime.create(request(section, hooks)); }); });
                std::string seen = end + " ";
                for (const auto& each : {resctrl, resctrl / "silver", resctrl / "gold"}) {
                  seen += fs::exists(each / "mon_groups" / id_) ? "group " : "";
                }
                seen += fs::exists(resctrl / id_ / "mon_groups" / id_) ? "group " : "";
                seen += runtime.recover().size() == 1 ? "recovered" : "?";
                for (const auto& each : fs::recursive_directory_iterator(resctrl)) {
                  if (each.path().filename() == id_ || each.path().filename() == "gold") {
                    seen += " " + each.path().native();
                  }
                }
                return seen + (fs::exists(resctrl / "silver") ? "" : " silver gone");
              }),
              "died group recovered")
        << section;
  }
}

// By the number of the directory: one of the same name that somebody made since is another.
TEST_F(IntelRdt, WhatSomebodyElseMadeSinceStays) {
  EXPECT_EQ(with_runtime([&](Runtime& runtime, const fs::path& resctrl) {
              runtime.create(request("{}"));
              fs::remove(resctrl / id_);  // rmdir(2), as resctrl has it
              fs::create_directory(resctrl / id_);
              runtime.remove(id_, true);
              return std::string(fs::exists(resctrl / id_) ? "stays" : "gone");
            }),
            "stays");
}

// Both have looked by then, and found nothing: what a create has to warn of it says right after.
TEST_F(IntelRdt, StaysWithTheFirstOfTwo) {
  for (const auto& [section, made] : std::initializer_list<std::pair<const char*, std::string>>{
           {R"({"schemata": ["L3:0=f"]})", id_},
           {R"({"closID": "gold", "schemata": ["L3:0=f"]})", "gold"},
           {R"({"closID": "/", "enableMonitoring": true})", "mon_groups/" + id_}}) {
    const auto wanted = [&](const char* which) {
      const CreateRequest whole =
          request(fmt::format(R"({}, "cgroupsPath": "/{}-{}")", section, id_, which));
      std::string text = read_file(dir_.path() / "config.json");
      text.insert(text.find(R"("cwd")"), R"("capabilities": {"bounding": ["CAP_NONE"]}, )");
      write_file_atomically(dir_.path() / "config.json", text);
      return whole;
    };
    EXPECT_THAT(
        with_runtime([&](Runtime& late, const fs::path& resctrl) {
          Runtime first(dir_.path() / "first");
          impl_of(first).resctrl = StandInResctrl::kind();
          std::optional<Child> child;
          late.on_warning([&](std::string_view) {
            if (!child) child = first.create(wanted("first"));
          });
          std::string seen = failure_of([&] { late.create(wanted("late")); });
          const fs::path tasks = resctrl / made / "tasks";
          seen += fs::exists(tasks) ? "; stays" : "; gone";
          if (fs::exists(tasks))
            seen += read_file(tasks) == line(child->pid()) ? " whole" : " empty";
          seen += fmt::format(" {}", spec::to_string(first.state(id_).status));
          first.remove(id_, true);
          return seen + fmt::format(" {}", late.list().size());
        }),
        testing::AllOf(
            HasSubstr("linux.intelRdt: "),
            testing::EndsWith(
                made + " was made by somebody else this moment; try again; stays whole created 0")))
        << section;
  }
}

TEST_F(IntelRdt, ANamedClassOfAKilledCreateStaysWhereSomebodyIsInIt) {
  EXPECT_EQ(with_runtime([&](Runtime&, const fs::path& resctrl) {
              RdtPlace place{.directory = resctrl / "gold", .to_be_made = true};
              fs::create_directory(resctrl / "gold");
              write_line(resctrl / "gold/tasks", std::to_string(::getpid()));
              leave_class(place, Phase::kCreating);
              std::string seen = fs::exists(resctrl / "gold") ? "stays " : "gone ";
              write_line(resctrl / "tasks", std::to_string(::getpid()));
              leave_class(place, Phase::kCreating);
              return seen + (fs::exists(resctrl / "gold") ? "stays" : "gone");
            }),
            "stays gone");
}

TEST_F(IntelRdt, IsRefusedByNameWhereResctrlIsNotMounted) {
  if (find_resctrl(ResctrlKind{})) GTEST_SKIP() << "resctrl is mounted on this host";
  EXPECT_THAT(failure_of([&] { runtime_->create(request(R"({"closID": "gold"})")); }),
              HasSubstr("linux.intelRdt: the resctrl file system is not mounted"));
  EXPECT_THAT(runtime_->list(), testing::IsEmpty());
  EXPECT_THAT(failure_of([&] { plan_text(dir_.path()); }), HasSubstr("linux.intelRdt: "));
}

TEST_F(IntelRdt, TellsThePlanWhatItWillDo) {
  EXPECT_EQ(with_stand_in([&](const fs::path& resctrl) {
              const spec::IntelRdt config{
                  .clos_id = "gold", .schemata = {"L3:0=f"}, .enable_monitoring = true};
              std::string text = RdtClass(config, "box", StandInResctrl::kind()).to_text();
              for (std::size_t at = 0; (at = text.find(resctrl.native())) != text.npos;) {
                text.replace(at, resctrl.native().size(), "R");
              }
              return text;
            }),
            "  - runtime  make the class R/gold\n"
            "  - runtime  write L3:0=f to its schemata\n"
            "  - runtime  make the monitoring group R/gold/mon_groups/box\n"
            "  - runtime  put init into R/gold/mon_groups/box\n");
}

}  // namespace
}  // namespace seatrial::runtime
