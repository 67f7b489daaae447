// The times that an archive gives its directories, although each entry that is made in a directory
// afterwards changes them.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <string>
#include <unordered_map>

namespace seatrial::image {

struct Times {
  timespec value[2];  // access, modification
};

// Remembers some and no more, however many directories an archive has: when it has too many, they
// get their times, and one that is entered again is remembered by what it has got.
class DirectoryTimes {
 public:
  // `root` stays the caller's.
  explicit DirectoryTimes(int root);

  // `path` is the directory's beneath the root, empty for the root itself.
  void set(int directory, const std::string& path, const Times& times);
  // Before an entry of it is made or removed. One that stood there before all this changes its
  // times, as with any program.
  void keep(int directory, const std::string& path);
  // Now that nothing more comes.
  void apply();

 private:
  struct Remembered {
    std::string path;
    Times times;
  };
  void remember(ino_t inode, const std::string& path, const Times& times);

  int root_;
  timespec start_{};
  // By inode: one directory may be known by several paths, through links. All are of one file
  // system, because no archive makes mounts.
  std::unordered_map<ino_t, Remembered> remembered_;
};

}  // namespace seatrial::image
