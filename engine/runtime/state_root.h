// The directories in which containers' states lie: ROOT/ID with
//   record.jsonl  what runtime/record.h says: a line each time it was written, the last one holds
//   config.json   a copy of the bundle's, as it was at create
//   start.sock    while the container is created and not started
// The directory itself carries the lock (flock(2)) that excludes two operations from each other.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/runtime/record.h"

namespace seatrial::runtime {

inline constexpr const char* kStartSocket = "start.sock";

// The record written last, beside its text: who runs a container and removes it need not parse it.
class LastRecord {
 public:
  void keep(std::string line, Record record);
  // Nothing unless `line` is that text.
  std::optional<Record> find(std::string_view line) const;

 private:
  mutable std::mutex mutex_;
  std::string line_;
  Record record_;
};

// An open state directory of one container. The StateRoot that opened it must outlive it.
class StateDirectory {
 public:
  const std::string& id() const { return id_; }
  int get() const { return fd_.get(); }

  // Throws Error{kNotFound} where create was killed before it wrote one.
  Record read_record() const;
  // Without fsync: what a record tells (pids, cgroups) means nothing after a power failure, and
  // what was written outlives the writer.
  void write_record(const Record& record) const;
  std::string read_config() const;
  void write_config(std::string_view text) const;

  bool has_start_socket() const;
  void remove_start_socket() const;

 private:
  friend class StateRoot;
  StateDirectory(std::string id, UniqueFd fd, LastRecord& last)
      : id_(std::move(id)), fd_(std::move(fd)), last_(&last) {}

  std::string id_;
  UniqueFd fd_;
  LastRecord* last_;
};

enum class Lock { kExclusive, kShared };

class StateRoot {
 public:
  // Makes the directory, mode 0700, and missing parents. Throws Error naming it.
  explicit StateRoot(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }

  // A new, locked directory. Throws Error{kConflict} when the id is taken.
  StateDirectory create(const std::string& id) const;

  // Throws Error{kNotFound}: "container ID does not exist". open() takes no lock, so that state
  // can be asked for during a long operation; lock() waits for it.
  StateDirectory open(const std::string& id) const;
  StateDirectory lock(const std::string& id, Lock kind = Lock::kExclusive) const;

  // Nothing when somebody else holds the lock or the directory is gone.
  std::optional<StateDirectory> try_lock(const std::string& id) const;

  // Removes the directory with all in it. The lock must be held.
  void remove(const StateDirectory& directory) const;

  // The ids under the root, sorted; entries that cannot be ids are not ours.
  std::vector<std::string> ids() const;

 private:
  bool is_current(const StateDirectory& directory) const;

  std::filesystem::path path_;
  UniqueFd fd_;
  std::unique_ptr<LastRecord> last_ = std::make_unique<LastRecord>();
};

// Replaces DIRECTORY/NAME so that a reader sees the old or the new content. Without fsync: a pid
// means nothing after a power failure, and a sync would cost more than the rest of a create. Throws
// Error naming the file.
void publish_file(int directory, const std::string& name, std::string_view content, unsigned mode);

}  // namespace seatrial::runtime
