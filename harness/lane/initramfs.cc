#include "harness/lane/initramfs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/lane/archive.h"
#include "harness/lane/wire.h"

namespace seatrial::lane {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kKeptImages = 4;

// What containers and their networks need and the kernel does not have built in. All are loaded:
// the job finds no modprobe.
const std::vector<std::string> kModules{
    "virtio_pci", "virtio_console", "overlay", "veth", "bridge", "br_netfilter", "nf_tables",
    "nft_chain_nat", "nft_masq", "nft_nat", "nft_ct", "nft_compat", "nft_fib_inet", "nft_redir",
    "nft_reject_inet", "xt_MASQUERADE", "xt_conntrack", "xt_addrtype", "xt_nat", "xt_tcpudp",
    "xt_comment", "xt_mark", "dummy", "vxlan", "fuse", "loop", "bfq", "xfs", "quota_v2",
    // What CRIU asks about sockets and connections.
    "inet_diag", "tcp_diag", "udp_diag", "unix_diag", "netlink_diag", "af_packet_diag", "raw_diag",
    "tun", "nf_conntrack_netlink"};

fs::path init_program() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& candidate :
       {here / "seatrial-lane-init", here.parent_path() / "bin" / "seatrial-lane-init"}) {
    if (fs::exists(candidate)) return candidate;
  }
  throw error(Kind::kNotFound, "seatrial-lane-init lies neither in {} nor in ../bin of it",
              here.native());
}

std::vector<std::string> module_files(const Kernel& kernel) {
  const ModuleTable table = ModuleTable::parse(read_file(kernel.modules / "modules.dep"));
  return table.load_order(kModules);
}

void write_image(int fd, const Kernel& kernel, const std::vector<std::string>& modules,
                 const Cargo& cargo) {
  ArchiveWriter archive(fd);
  for (const char* directory : {"/dev", "/lane", "/lane/modules", wire::kCargo}) {
    archive.add(directory, S_IFDIR | 0755);
  }
  archive.add_file("/init", 0755, init_program());
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const fs::path file = kernel.modules / modules[i];
    archive.add_file(fmt::format("{}{:03}-{}", wire::kModules, i, file.filename().native()), 0644,
                     file);
  }
  cargo.write(archive, wire::kCargo);
  archive.finish();
}

// Who uses an image has it open: removing it takes nothing away.
void forget_old_images(const fs::path& images) {
  std::vector<std::pair<fs::file_time_type, fs::path>> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(images, ignored)) {
    all.emplace_back(entry.last_write_time(ignored), entry.path());
  }
  std::sort(all.rbegin(), all.rend());
  for (std::size_t i = kKeptImages; i < all.size(); ++i) fs::remove(all[i].second, ignored);
}

// All that decides what an image holds.
std::string key_of(const Kernel& kernel, const std::vector<std::string>& modules,
                   const Cargo& cargo) {
  Cargo all = cargo;
  std::string list = kernel.release;
  for (const std::string& module : modules) list += "\n" + module;
  all.add_text("/init-and-modules", list + "\n" + read_file(init_program()));
  return all.fingerprint();
}

UniqueFd open_image(const Kernel& kernel, const Cargo& cargo, const fs::path& cache) {
  const fs::path images = cache / "images";
  make_directories(images);
  const std::vector<std::string> modules = module_files(kernel);
  const fs::path image = images / key_of(kernel, modules, cargo);
  const UniqueFd kept(::open(image.c_str(), O_RDONLY | O_CLOEXEC));
  if (kept) {
    ::futimens(kept.get(), nullptr);  // used now
    return open_file(image, O_RDONLY);
  }
  // Without a name until it is whole, so that nothing is left of one that was not finished.
  UniqueFd made = open_file(images, O_RDWR | O_TMPFILE, 0644);
  write_image(made.get(), kernel, modules, cargo);
  const std::string opened = fmt::format("/proc/self/fd/{}", made.get());
  if (::linkat(AT_FDCWD, opened.c_str(), AT_FDCWD, image.c_str(), AT_SYMLINK_FOLLOW) != 0 &&
      errno != EEXIST) {
    throw sys_error(errno, "name {}", image.native());
  }
  forget_old_images(images);
  return made;
}

void append_file(int to, int from) {
  struct stat status{};
  if (::fstat(from, &status) != 0) throw sys_error(errno, "stat the image of a lane");
  for (off_t at = 0; at < status.st_size;) {
    const ssize_t sent = ::sendfile(to, from, &at, static_cast<std::size_t>(status.st_size - at));
    if (sent <= 0) throw sys_error(sent < 0 ? errno : EIO, "copy the image of a lane");
  }
}

}  // namespace

UniqueFd make_initramfs(const Kernel& kernel, const Cargo& cargo, const Job& job,
                        const fs::path& cache) {
  const UniqueFd image = open_image(kernel, cargo, cache);
  UniqueFd whole(::memfd_create("initramfs", MFD_CLOEXEC));
  if (!whole) throw sys_error(errno, "make a file in memory");
  append_file(whole.get(), image.get());
  ArchiveWriter archive(whole.get());
  archive.add(wire::kJobFile, S_IFREG | 0644, print_job(job));
  archive.finish();
  return whole;
}

}  // namespace seatrial::lane
