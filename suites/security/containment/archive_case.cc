#include "suites/security/containment/archive_case.h"

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/core/deadline_scale.h"
#include "harness/fixtures/case_site.h"

namespace containment::archives {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kGrowth = 96 << 20;  // of an engine's memory, whatever it is given

struct statvfs space_of_the_case() {
  struct statvfs space{};
  const fs::path place = current_site().directory;
  if (::statvfs(place.c_str(), &space) != 0)
    throw seatrial::sys_error(errno, "statvfs {}", place.native());
  return space;
}

// A size of /proc/PID/status in bytes; 0 of one that has ended.
std::int64_t size_of(const fs::path& process, const std::string& key) {
  try {
    const std::string status = seatrial::read_file(process / "status");
    const std::size_t at = status.find(key + ":");
    return at == std::string::npos ? 0 : std::stol(status.substr(at + key.size() + 1)) * 1024;
  } catch (const Error&) {
    return 0;
  }
}

// proc(5): the peak begins again at what is there now.
void forget_peak(const fs::path& process) {
  seatrial::write_all(seatrial::open_file(process / "clear_refs", O_WRONLY).get(), "5",
                      process.native());
}

}  // namespace

MemoryWatch::MemoryWatch(Processes processes) : processes_(std::move(processes)) {
  for (const fs::path& process : processes_()) {
    forget_peak(process);
    before_[process] = size_of(process, "VmRSS");
  }
  looking_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      look();
      std::this_thread::sleep_for(5ms);
    }
  });
}

MemoryWatch::~MemoryWatch() = default;

void MemoryWatch::look() {
  std::int64_t sum = 0;
  for (const fs::path& process : processes_()) {
    if (!before_.contains(process)) sum += size_of(process, "RssAnon");
  }
  most_of_others_ = std::max(most_of_others_, sum);
}

std::int64_t MemoryWatch::growth() {
  looking_.request_stop();
  looking_.join();
  std::int64_t grown = most_of_others_;
  for (const auto& [process, before] : before_) {
    grown += std::max<std::int64_t>(0, size_of(process, "VmHWM") - before);
  }
  return grown;
}

void Trial::leave(const Room& room) {
  if (current_site().target_spec.starts_with("docker:")) {
    throw Lack("the engine's data lie where its space cannot be bounded");
  }
  const struct statvfs space = space_of_the_case();
  const std::string options = fmt::format(
      "size={},nr_inodes={}", (space.f_blocks - space.f_bfree) * space.f_frsize + room.bytes,
      space.f_files - space.f_ffree + room.inodes);
  const fs::path place = current_site().directory;
  if (::mount(nullptr, place.c_str(), nullptr, MS_REMOUNT, options.c_str()) != 0) {
    throw seatrial::sys_error(errno, "mount {} again with {}", place.native(), options);
  }
}

Room Trial::room() {
  const struct statvfs space = space_of_the_case();
  return {.bytes = space.f_bfree * space.f_frsize, .inodes = space.f_ffree};
}

std::string Trial::still_missing(const Room& before) {
  constexpr std::uint64_t kBytes = 2 << 20, kInodes = 200;
  const auto end = std::chrono::steady_clock::now() + scaled(5s);
  for (;;) {
    const Room now = room();
    if (now.bytes + kBytes >= before.bytes && now.inodes + kInodes >= before.inodes) return {};
    if (std::chrono::steady_clock::now() > end) {
      return fmt::format("{} bytes and {} inodes of {} and {} are free", now.bytes, now.inodes,
                         before.bytes, before.inodes);
    }
    std::this_thread::sleep_for(20ms);
  }
}

fs::path Trial::archive_of(const std::string& name, const Fill& fill) {
  return archive_of(name, [&](ImageLayout& layout) { return layout.add_layer(fill); });
}

fs::path Trial::archive_of(const std::string& name, const AddLayer& add_layer) {
  const int number = ++archives_;
  ImageLayout layout(scratch() / fmt::format("layout-{}", number));
  layout.add_image(name, {add_layer(layout)}, {.cmd = {"/probe"}});
  layout.finish();
  const fs::path archive = scratch() / fmt::format("image-{}.tar", number);
  layout.archive_to(archive);
  fs::remove_all(layout.directory());
  return archive;
}

fs::path Trial::archive_with_zeros_behind(const std::string& name, std::uint64_t zeros) {
  const fs::path bare = scratch() / "layer.tar";
  {
    const auto file = seatrial::open_file(bare, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    TarWriter tar(
        [&](std::string_view bytes) { seatrial::write_all(file.get(), bytes, bare.native()); });
    tar.file("small", "file");
    tar.finish();
  }
  fs::resize_file(bare, fs::file_size(bare) + zeros);  // a hole, which takes no room here
  return archive_of(name, [&](ImageLayout& layout) { return layout.add_layer(bare); });
}

Trial::Loaded Trial::load(const fs::path& archive) {
  MemoryWatch watch([this] { return engines_processes(); });
  Loaded result;
  try {
    engine().load_image(archive);
  } catch (const Error& failure) {
    result.refusal = failure.what();
  }
  result.growth = watch.growth();
  return result;
}

std::string Trial::refusal_in(const Room& little, const fs::path& archive,
                              const std::string& name) {
  leave(little);
  constexpr const char* kHonest = "docker.io/seatrial/honest:latest";
  engine().load_image(archive_of(kHonest, [](TarWriter& tar) { tar.file("small", "file"); }));
  engine().remove_image(kHonest, true);  // control
  const Room before = room();
  const Loaded loaded = load(archive);
  if (loaded.refusal.empty()) engine().remove_image(name, true);
  EXPECT_EQ(still_missing(before), "");
  EXPECT_LT(loaded.growth, kGrowth);
  EXPECT_THROW(engine().inspect_image(name), Error);
  expect_engine_well();
  return loaded.refusal;
}

void Trial::expect_engine_well(Where where) {
  EXPECT_TRUE(report(probe({{"pid"}}), where).complete()) << "a container's, afterwards";
}

}  // namespace containment::archives
