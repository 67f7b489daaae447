#include "engine/sys/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::sys {
namespace {

// linux/memfd.h of 6.3; where vm.memfd_noexec is set, files are not executable without the flag.
constexpr unsigned kNoExecSeal = 0x0008;
constexpr unsigned kExec = 0x0010;

UniqueFd create(const char* name, Executable executable) {
  const unsigned base = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const unsigned wanted = executable == Executable::kYes ? kExec : kNoExecSeal;
  UniqueFd fd(::memfd_create(name, base | wanted));
  if (!fd && errno == EINVAL) fd = UniqueFd(::memfd_create(name, base));  // before Linux 6.3
  if (!fd) throw sys_error(errno, "memfd_create {}", name);
  return fd;
}

}  // namespace

UniqueFd sealed_memfd(const char* name, std::span<const std::byte> bytes, Executable executable) {
  UniqueFd fd = create(name, executable);
  fill_and_seal(fd.get(), name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return fd;
}

UniqueFd sealed_memfd(const char* name, std::string_view text) {
  return sealed_memfd(name, std::as_bytes(std::span(text.data(), text.size())));
}

UniqueFd empty_memfd(const char* name) {
  return create(name, Executable::kNo);
}

void fill_and_seal(int memfd, const char* name, std::string_view text) {
  write_all(memfd, text, name);
  if (::lseek(memfd, 0, SEEK_SET) != 0) throw sys_error(errno, "rewind {}", name);
  const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (::fcntl(memfd, F_ADD_SEALS, seals) != 0) throw sys_error(errno, "seal {}", name);
}

}  // namespace seatrial::sys
