// Trees for tests that are deeper than descriptors or paths reach.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "engine/base/files.h"

namespace seatrial::testing {

// "d/d/d/..." in the directory, and a file at the end.
inline void make_deep_tree(const std::filesystem::path& directory, int levels) {
  UniqueFd here = open_file(directory, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < levels; ++i) {
    ASSERT_EQ(::mkdirat(here.get(), "d", 0700), 0);
    here = UniqueFd(::openat(here.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(here);
  }
  ASSERT_TRUE(UniqueFd(::openat(here.get(), "end", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)));
}

inline std::string deep_path(int levels) {
  std::string path;
  for (int i = 0; i < levels; ++i) path += "d/";
  return path;
}

// Lets no more descriptors be opened than the number, while it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t number) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{number, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace seatrial::testing
