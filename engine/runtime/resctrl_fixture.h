// A stand-in for resctrl, for want of a processor with RDT: a file system in user space (FUSE) that
// does with its directories and files what the kernel's documentation says of resctrl
// (Documentation/arch/x86/resctrl.rst). What it cannot show is what a real one would do otherwise.
//
// The engine's calls reach it as they would the kernel's: mkdir(2) fills a class with files,
// rmdir(2) takes them away, and a write is taken or refused as a whole.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>

#include "engine/runtime/resctrl.h"

namespace seatrial::runtime {

class StandInResctrl {
 public:
  // Two caches of 11 bits, two domains of memory bandwidth, four classes, monitoring. Mounts it in
  // this mount namespace, served by a process of its own. Throws Error.
  explicit StandInResctrl(const std::filesystem::path& mountpoint);
  StandInResctrl(const StandInResctrl&) = delete;
  StandInResctrl& operator=(const StandInResctrl&) = delete;
  ~StandInResctrl();

  static ResctrlKind kind();  // what it looks like, mounted

 private:
  std::filesystem::path mountpoint_;
  pid_t server_ = -1;
};

// What `body` returns, given the mountpoint of a stand-in that is mounted in a mount namespace of
// its own, which only this call has. "(no FUSE)" where this host has none.
std::string with_stand_in(const std::function<std::string(const std::filesystem::path&)>& body);

}  // namespace seatrial::runtime
