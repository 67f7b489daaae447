// What cases of hostile archives share: little room around the engine, and an eye on its memory.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "harness/fixtures/image_layout.h"
#include "suites/security/containment/containment_case.h"

namespace containment::archives {

using Fill = std::function<void(TarWriter& tar)>;

// What of a file system is free.
struct Room {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
};

// How far memory grows while it lives: of the processes that were there beyond what they had then,
// to their very peak as the kernel keeps it; of those that come, what they hold of their own
// whenever they are looked at.
class MemoryWatch {
 public:
  using Processes = std::function<std::vector<std::filesystem::path>()>;

  explicit MemoryWatch(Processes processes);
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;
  ~MemoryWatch();

  std::int64_t growth();  // bytes; no more is watched after that

 private:
  void look();

  Processes processes_;
  std::map<std::string, std::int64_t> before_;  // by procfs' path
  std::int64_t most_of_others_ = 0;
  std::jthread looking_;
};

class Trial : public containment::Trial {
 protected:
  // Leaves the engine's data no more than this to grow by. Throws Lack where the case does not know
  // where they lie.
  void leave(const Room& room);
  // Of the file system that the engine's data lie on.
  static Room room();
  // Waits until there is as much as before again, but for what an engine writes down of its work.
  // Empty, or what is missing.
  static std::string still_missing(const Room& before);

  // An archive of an image with one layer that `fill` writes.
  std::filesystem::path archive_of(const std::string& name, const Fill& fill);
  using AddLayer = std::function<BlobDescriptor(ImageLayout&)>;
  std::filesystem::path archive_of(const std::string& name, const AddLayer& add_layer);
  // The layer as a bare archive with `zeros` bytes behind its end.
  std::filesystem::path archive_with_zeros_behind(const std::string& name, std::uint64_t zeros);

  // Loads it; what the engine refused it with, or nothing. How far its memory grew meanwhile.
  struct Loaded {
    std::string refusal = {};
    std::int64_t growth = 0;
  };
  Loaded load(const std::filesystem::path& archive);
  // The same where the engine's data may grow by no more than the room; an image that came is
  // removed. What was taken is given back, and the engine is well. Returns what it refused it with.
  std::string refusal_in(const Room& little, const std::filesystem::path& archive,
                         const std::string& name);
  // It can do what an engine does.
  void expect_engine_well(Where where = Where::current());

 private:
  int archives_ = 0;
};

}  // namespace containment::archives
