#include "engine/runtime/resctrl_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/sys/ordinary_user.h"

namespace seatrial::runtime {
namespace {

constexpr std::size_t kMostClasses = 4;  // the default one among them
constexpr const char* kDefaults = "L3:0=7ff;1=7ff\nMB:0=100;1=100\n";

enum class Type { kClass, kGroup, kGroups, kInfo, kFile };

struct Node {
  std::uint64_t parent = 0;
  std::string name = {};
  Type type = Type::kFile;
  std::set<pid_t> tasks = {};  // of a class (none of the default one's), or of a group
  Schemata schemata = {};
};

bool is_directory(Type type) {
  return type != Type::kFile;
}

// The tree, and what may be done to it. Numbers are never used again, as in kernfs.
class Tree {
 public:
  Tree() {
    nodes_[FUSE_ROOT_ID] = {.parent = 0, .name = "", .type = Type::kClass};
    fill(FUSE_ROOT_ID);
    const std::uint64_t info = add(FUSE_ROOT_ID, "info", Type::kInfo);
    add(info, "last_cmd_status", Type::kFile);
  }

  const Node* get(std::uint64_t id) const {
    const auto found = nodes_.find(id);
    return found == nodes_.end() ? nullptr : &found->second;
  }

  std::uint64_t find(std::uint64_t parent, std::string_view name) const {
    for (const auto& [id, node] : nodes_) {
      if (node.parent == parent && node.name == name) return id;
    }
    return 0;
  }

  std::vector<std::uint64_t> children(std::uint64_t parent) const {
    std::vector<std::uint64_t> found;
    for (const auto& [id, node] : nodes_) {
      if (node.parent == parent) found.push_back(id);
    }
    return found;
  }

  int make(std::uint64_t parent, const std::string& name, std::uint64_t& made) {
    if (find(parent, name) != 0) return EEXIST;
    const Type above = nodes_.at(parent).type;
    if (above == Type::kGroups) {
      made = add(parent, name, Type::kGroup);
      add(made, "tasks", Type::kFile);
      return 0;
    }
    if (parent != FUSE_ROOT_ID) return EPERM;
    std::size_t classes = 0;
    for (const auto& [id, node] : nodes_) classes += node.type == Type::kClass ? 1 : 0;
    if (classes >= kMostClasses) return ENOSPC;
    made = add(parent, name, Type::kClass);
    fill(made);
    return 0;
  }

  int remove(std::uint64_t parent, std::string_view name) {
    const std::uint64_t id = find(parent, name);
    if (id == 0) return ENOENT;
    const Type type = nodes_.at(id).type;
    if (type != Type::kClass && type != Type::kGroup) return EPERM;
    erase(id);
    return 0;
  }

  std::string read(std::uint64_t id) const {
    const Node& file = nodes_.at(id);
    const Node& owner = nodes_.at(file.parent);
    if (file.name == "last_cmd_status") return status_;
    if (file.name == "schemata") return print(owner.schemata);
    std::string text;
    for (const pid_t pid : owner.tasks) {
      if (::kill(pid, 0) == 0) text += fmt::format("{}\n", pid);
    }
    return text;
  }

  int write(std::uint64_t id, std::string_view text) {
    const Node& file = nodes_.at(id);
    status_ = "ok\n";
    if (!text.ends_with('\n')) return EINVAL;
    if (file.name == "schemata") return set_schemata(nodes_.at(file.parent), text);
    if (file.name == "tasks") return move_task(file.parent, std::stoi(std::string(text)));
    return EACCES;
  }

 private:
  std::uint64_t add(std::uint64_t parent, const std::string& name, Type type) {
    nodes_[++last_] = {.parent = parent, .name = name, .type = type};
    return last_;
  }

  void fill(std::uint64_t id) {
    nodes_.at(id).schemata = parse_schemata(std::string_view(kDefaults));
    add(id, "schemata", Type::kFile);
    add(id, "tasks", Type::kFile);
    add(id, "mon_groups", Type::kGroups);
  }

  void erase(std::uint64_t id) {
    for (const std::uint64_t child : children(id)) erase(child);
    nodes_.erase(id);
  }

  // Padded as the kernel does.
  static std::string print(const Schemata& schemata) {
    std::string text;
    for (const auto& [resource, domains] : schemata) {
      std::string line;
      for (const auto& [domain, value] : domains) {
        line += fmt::format(
            "{}{}={}", line.empty() ? "" : ";", domain,
            resource == "MB" ? fmt::format("{:>4}", value) : fmt::format("{:0>3}", value));
      }
      text += fmt::format("{:>6}:{}\n", resource, line);
    }
    return text;
  }

  int set_schemata(Node& owner, std::string_view text) {
    Schemata changed = owner.schemata;
    for (const auto& [resource, domains] : parse_schemata(text)) {
      for (const auto& [domain, value] : domains) {
        const auto found = changed.find(resource);
        if (found == changed.end() || !found->second.contains(domain)) {
          status_ = fmt::format("Unknown domain {}:{}\n", resource, domain);
          return EINVAL;
        }
        const int base = resource == "MB" ? 10 : 16;
        const long number = std::strtol(value.c_str(), nullptr, base);
        if (number <= 0 || number > (resource == "MB" ? 100 : 0x7ff)) {
          status_ = fmt::format("Mask out of range {}\n", value);
          return EINVAL;
        }
        found->second[domain] = value;
      }
    }
    owner.schemata = std::move(changed);
    return 0;
  }

  int move_task(std::uint64_t to, pid_t pid) {
    if (::kill(pid, 0) != 0) return ESRCH;
    Node& target = nodes_.at(to);
    if (target.type == Type::kGroup) {
      const std::uint64_t clos = nodes_.at(target.parent).parent;
      if (!nodes_.at(clos).tasks.contains(pid)) return EINVAL;
    } else {
      for (auto& [id, node] : nodes_) node.tasks.erase(pid);
    }
    target.tasks.insert(pid);
    return 0;
  }

  std::map<std::uint64_t, Node> nodes_;
  std::uint64_t last_ = FUSE_ROOT_ID;
  std::string status_ = "ok\n";
};

template <typename T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

template <typename T>
T argument(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
  return value;
}

// One answer to each question of the kernel's (linux/fuse.h).
class Server {
 public:
  explicit Server(int device) : device_(device) {}

  void serve() {
    std::vector<char> buffer(std::size_t{1} << 20);
    for (;;) {
      const ssize_t size = ::read(device_, buffer.data(), buffer.size());
      if (size < 0 && (errno == EINTR || errno == ENOENT)) continue;
      if (size < static_cast<ssize_t>(sizeof(fuse_in_header))) return;  // unmounted
      const std::string_view whole(buffer.data(), static_cast<std::size_t>(size));
      const auto header = argument<fuse_in_header>(whole);
      if (header.opcode == FUSE_FORGET || header.opcode == FUSE_BATCH_FORGET ||
          header.opcode == FUSE_INTERRUPT) {
        continue;
      }
      std::string body;
      const int failure = answer(header, whole.substr(sizeof header), body);
      if (failure != 0) body.clear();
      const fuse_out_header out{.len = static_cast<std::uint32_t>(sizeof out + body.size()),
                                .error = -failure,
                                .unique = header.unique};
      const std::string reply = bytes_of(out) + body;
      if (::write(device_, reply.data(), reply.size()) < 0 && errno != ENOENT) return;
    }
  }

 private:
  int answer(const fuse_in_header& header, std::string_view rest, std::string& body) {
    if (header.opcode == FUSE_INIT) {
      const auto asked = argument<fuse_init_in>(rest);
      fuse_init_out out{};
      out.major = FUSE_KERNEL_VERSION;
      out.minor = std::min<std::uint32_t>(asked.minor, 31);
      out.max_write = 65536;
      body = bytes_of(out);
      return 0;
    }
    const std::uint64_t id = header.nodeid;
    if (tree_.get(id) == nullptr) return ENODEV;  // as kernfs answers about what is removed
    switch (header.opcode) {
      case FUSE_LOOKUP:
        return entry(tree_.find(id, rest.data()), body);
      case FUSE_GETATTR: {
        fuse_attr_out out{};
        out.attr = attributes(id);
        body = bytes_of(out);
        return 0;
      }
      case FUSE_MKDIR: {
        std::uint64_t made = 0;
        const int failure = tree_.make(id, rest.data() + sizeof(fuse_mkdir_in), made);
        return failure != 0 ? failure : entry(made, body);
      }
      case FUSE_RMDIR:
        return tree_.remove(id, rest.data());
      case FUSE_OPEN:
      case FUSE_OPENDIR: {
        fuse_open_out out{};
        out.open_flags = FOPEN_DIRECT_IO;  // sizes are not known before
        body = bytes_of(out);
        return 0;
      }
      case FUSE_READ: {
        const auto asked = argument<fuse_read_in>(rest);
        const std::string text = tree_.read(id);
        if (asked.offset < text.size()) body = text.substr(asked.offset, asked.size);
        return 0;
      }
      case FUSE_WRITE: {
        const auto asked = argument<fuse_write_in>(rest);
        fuse_write_out out{};
        out.size = asked.size;
        body = bytes_of(out);
        return tree_.write(id, rest.substr(sizeof asked, asked.size));
      }
      case FUSE_READDIR:
        return list(id, argument<fuse_read_in>(rest).offset, body);
      case FUSE_STATFS:
        body = bytes_of(fuse_statfs_out{});
        return 0;
      case FUSE_RELEASE:
      case FUSE_RELEASEDIR:
        return 0;
      default:
        return ENOSYS;
    }
  }

  fuse_attr attributes(std::uint64_t id) const {
    fuse_attr attr{};
    attr.ino = id;
    const bool directory = is_directory(tree_.get(id)->type);
    attr.mode = directory ? S_IFDIR | 0555 : S_IFREG | 0644;
    attr.nlink = directory ? 2 : 1;
    return attr;
  }

  int entry(std::uint64_t id, std::string& body) const {
    if (id == 0) return ENOENT;
    fuse_entry_out out{};
    out.nodeid = id;
    out.attr = attributes(id);
    body = bytes_of(out);
    return 0;
  }

  int list(std::uint64_t id, std::uint64_t offset, std::string& body) const {
    const std::vector<std::uint64_t> children = tree_.children(id);
    for (std::size_t i = offset; i < children.size(); ++i) {
      const Node& node = *tree_.get(children[i]);
      fuse_dirent head{};
      head.ino = children[i];
      head.off = i + 1;
      head.namelen = static_cast<std::uint32_t>(node.name.size());
      head.type = is_directory(node.type) ? DT_DIR : DT_REG;
      std::string one = std::string(reinterpret_cast<const char*>(&head), FUSE_NAME_OFFSET);
      one += node.name;
      one.resize(FUSE_DIRENT_ALIGN(one.size()), '\0');
      body += one;
    }
    return 0;
  }

  int device_;
  Tree tree_;
};

}  // namespace

StandInResctrl::StandInResctrl(const std::filesystem::path& mountpoint) : mountpoint_(mountpoint) {
  const UniqueFd device = open_file("/dev/fuse", O_RDWR);
  const std::string options =
      fmt::format("fd={},rootmode=40000,user_id=0,group_id=0,allow_other", device.get());
  if (::mount("stand-in", mountpoint.c_str(), kind().type.c_str(), MS_NOSUID | MS_NODEV,
              options.c_str()) != 0) {
    throw sys_error(errno, "mount the stand-in for resctrl on {}", mountpoint.native());
  }
  server_ = ::fork();
  if (server_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    Server(device.get()).serve();
    ::_exit(0);
  }
}

StandInResctrl::~StandInResctrl() {
  ::umount2(mountpoint_.c_str(), MNT_DETACH);
  if (server_ <= 0) return;
  ::kill(server_, SIGKILL);
  ::waitpid(server_, nullptr, 0);
}

ResctrlKind StandInResctrl::kind() {
  constexpr long kFuseSuperMagic = 0x65735546;
  return {.type = "fuse.seatrial-stand-in", .magic = kFuseSuperMagic};
}

std::string with_stand_in(const std::function<std::string(const std::filesystem::path&)>& body) {
  if (::access("/dev/fuse", R_OK | W_OK) != 0) return "(no FUSE)";
  const TempDir place(std::filesystem::temp_directory_path());
  return sys::in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0) {
      throw sys_error(errno, "make a mount namespace");
    }
    const StandInResctrl resctrl(place.path());
    return body(place.path());
  });
}

}  // namespace seatrial::runtime
