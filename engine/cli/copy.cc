// cp: between a container's path and the host's, as tar streams whose first name component is
// renamed on the way; "-" is the stream itself.
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <filesystem>
#include <memory>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cli/verbs.h"
#include "engine/image/pack.h"
#include "engine/image/stream.h"
#include "engine/image/tar_stream.h"

namespace seatrial::engine_cli {
namespace {

namespace fs = std::filesystem;

struct Side {
  std::string container;  // empty: the host
  std::string path;
};

// "CONTAINER:PATH"; what starts with '/' or '.' is a path although it has a colon.
Side parse_side(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (text.starts_with('/') || text.starts_with('.') || colon == text.npos || colon == 0) {
    return {"", text};
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool names_content(const std::string& path) {
  return path == "." || path.ends_with("/.");
}

std::string last_name(const std::string& path) {
  fs::path normal = fs::path(path).lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  return normal.filename();
}

struct Pipe {
  UniqueFd out;
  UniqueFd in;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw sys_error(errno, "pipe");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

image::TarWriter writer_to(int fd) {
  return image::TarWriter([fd](std::span<const std::byte> bytes) {
    write_all(fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "the archive");
  });
}

bool is_broken_pipe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& told) {
    return told.sys_errno() == EPIPE;
  } catch (...) {
    return false;  // what is not the engine's own is told as it is
  }
}

// Runs `produce` in a thread with the pipe's writing end, `consume` here. The consumer's failure
// is told first: the producer's is then only that nobody reads.
template <typename Produce, typename Consume>
void through_pipe(Produce produce, Consume consume) {
  Pipe pipe = make_pipe();
  std::exception_ptr failure;
  std::thread producer([&failure, produce, in = std::move(pipe.in)]() mutable {
    // A reader that is gone shall be an error of the write, not the end of this process.
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    try {
      produce(in.get());
    } catch (...) {
      failure = std::current_exception();
    }
    in.reset();
  });
  std::exception_ptr first;
  try {
    consume(pipe.out.get());
  } catch (...) {
    first = std::current_exception();
  }
  pipe.out.reset();
  producer.join();
  // Who failed second did so because of the other: its stream was cut short, or nobody read it.
  if (failure && (!first || !is_broken_pipe(failure))) std::rethrow_exception(failure);
  if (first) std::rethrow_exception(first);
}

std::string renamed(const std::string& name, const std::string& from, const std::string& to) {
  if (name == from || name == from + "/") return to;
  if (name.starts_with(from + "/")) return to + name.substr(from.size());
  return name;
}

// Host to stream: `source` under the name `name`, or its content when that is empty.
void pack_host(const fs::path& source, const std::string& name, int out) {
  image::TarWriter writer = writer_to(out);
  if (name.empty()) {
    const UniqueFd directory = open_file(source, O_RDONLY | O_DIRECTORY);
    image::pack(directory.get(), image::PackForm::kTree, writer);
    writer.finish();
    return;
  }
  const fs::path whole = fs::absolute(source).lexically_normal();
  const fs::path normal = whole.has_filename() ? whole : whole.parent_path();
  const std::string own = normal.filename();
  if (own == name) {
    const UniqueFd parent = open_file(normal.parent_path(), O_RDONLY | O_DIRECTORY);
    image::pack_entry(parent.get(), own, writer);
    writer.finish();
    return;
  }
  through_pipe([&](int in) { pack_host(normal, own, in); },
               [&](int from) {
                 image::TarReader reader(image::stream_of(from, "the archive"), [](auto) {});
                 while (archive_entry* entry = reader.next()) {
                   ::archive_entry_set_pathname(
                       entry, renamed(::archive_entry_pathname(entry), own, name).c_str());
                   if (const char* link = ::archive_entry_hardlink(entry)) {
                     ::archive_entry_set_hardlink(entry, renamed(link, own, name).c_str());
                   }
                   writer.add(entry);
                   std::span<const std::byte> bytes;
                   std::uint64_t offset = 0;
                   while (reader.next_data(bytes, offset)) writer.data(bytes);
                 }
               });
  writer.finish();
}

// Stream to host: below `directory`, what was called `from` is called `to`.
void unpack_host(int in, const fs::path& directory, const std::string& from, const std::string& to,
                 bool keep_owners) {
  const int flags = ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                    ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_UNLINK |
                    (keep_owners ? ARCHIVE_EXTRACT_OWNER : 0);
  const std::unique_ptr<archive, int (*)(archive*)> disk(::archive_write_disk_new(),
                                                         ::archive_write_free);
  ::archive_write_disk_set_options(disk.get(), flags);
  image::TarReader reader(image::stream_of(in, "the archive"), [](auto) {});
  const auto check = [&](int result) {
    if (result < ARCHIVE_WARN) {
      throw error(Kind::kInternal, "copy to {}: {}", directory.native(),
                  ::archive_error_string(disk.get()));
    }
  };
  // SECURE_SYMLINKS looks at every part of a name, so the directory is entered, not prefixed.
  fs::current_path(directory);
  while (archive_entry* entry = reader.next()) {
    const std::string name = renamed(::archive_entry_pathname(entry), from, to);
    if (name.starts_with('/')) throw error(Kind::kInvalidArgument, "the archive names {}", name);
    ::archive_entry_set_pathname(entry, name.c_str());
    if (const char* link = ::archive_entry_hardlink(entry)) {
      ::archive_entry_set_hardlink(entry, renamed(link, from, to).c_str());
    }
    check(::archive_write_header(disk.get(), entry));
    std::span<const std::byte> bytes;
    std::uint64_t offset = 0;
    while (reader.next_data(bytes, offset)) {
      check(static_cast<int>(
          std::min<la_ssize_t>(0, ::archive_write_data_block(disk.get(), bytes.data(), bytes.size(),
                                                             static_cast<la_int64_t>(offset)))));
    }
    check(::archive_write_finish_entry(disk.get()));
  }
}

// Where a copy lands: the directory to unpack in and the name there (empty: as it is called).
struct Landing {
  std::string directory;
  std::string name;
};

// Docker's table: what the source is against what stands at the target.
Landing landing(const std::string& target, std::optional<bool> target_is_directory,
                bool source_is_directory, bool content_only, const std::string& source_name) {
  if (target_is_directory && *target_is_directory) {
    return {target, content_only ? std::string(".") : source_name};
  }
  if (!target_is_directory && !source_is_directory && target.ends_with('/')) {
    throw error(Kind::kNotFound, "no such directory: {}", target);
  }
  if (target_is_directory && source_is_directory) {
    throw error(Kind::kConflict, "cannot copy a directory to the file {}", target);
  }
  fs::path normal = fs::path(target).lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  const fs::path parent = normal.parent_path();
  return {parent.empty() ? "." : parent.native(), normal.filename()};
}

std::optional<bool> host_directory(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return S_ISDIR(status.st_mode);
}

std::optional<core::PathStat> container_stat(core::Engine& engine, const Side& side) {
  try {
    core::PathStat found = engine.stat_path(side.container, side.path);
    if (S_ISLNK(found.mode)) found = engine.stat_path(side.container, side.path + "/.");
    return found;
  } catch (const Error& failure) {
    const bool path_missing =
        failure.kind() == Kind::kNotFound &&
        std::string_view(failure.what()).find("No such container") == std::string_view::npos;
    if (!path_missing && failure.sys_errno() != ENOTDIR) throw;
    return std::nullopt;
  }
}

// A link named with a slash behind it stands for the directory that it leads to.
bool leads_on(const std::string& path, bool follow) {
  return follow || path.ends_with('/');
}

// Where the links that `path` may be lead, and the stat of what is there.
std::pair<std::string, core::PathStat> followed(core::Engine& engine, const Side& source) {
  constexpr int kMostLinks = 40;  // as the kernel's
  std::string path = source.path;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  for (int links = 0; links < kMostLinks; ++links) {
    core::PathStat stat = engine.stat_path(source.container, path);
    if (!S_ISLNK(stat.mode)) return {path, std::move(stat)};
    path = (fs::path(path).parent_path() / stat.link_target).lexically_normal();
  }
  throw sys_error(ELOOP, "{}:{}", source.container, source.path);
}

void copy_in(core::Engine& engine, const std::string& source, const Side& target, bool follow) {
  if (source == "-") return engine.copy_to(target.container, target.path, STDIN_FILENO);
  const auto kind = host_directory(source);
  if (!kind) throw error(Kind::kNotFound, "lstat {}: no such file or directory", source);
  const auto found = container_stat(engine, target);
  const bool content = names_content(source);
  const auto is_directory =
      found ? std::optional(S_ISDIR(found->mode) != 0) : std::optional<bool>();
  const Landing where = landing(target.path, is_directory, *kind, content, last_name(source));
  const fs::path packed = leads_on(source, follow) ? fs::canonical(source) : fs::path(source);
  through_pipe([&](int in) { pack_host(packed, where.name == "." ? "" : where.name, in); },
               [&](int from) { engine.copy_to(target.container, where.directory, from); });
}

void copy_out(core::Engine& engine, const Side& source, const std::string& target, bool keep_owners,
              bool follow) {
  const auto [path, stat] =
      leads_on(source.path, follow)
          ? followed(engine, source)
          : std::pair(source.path, engine.stat_path(source.container, source.path));
  if (target == "-") return engine.copy_from(source.container, path, STDOUT_FILENO);
  const bool content = names_content(source.path) || source.path == "/";
  Landing where =
      landing(target, host_directory(target), S_ISDIR(stat.mode), content, last_name(source.path));
  const std::string from = last_name(path);
  if (!host_directory(where.directory)) {
    throw error(Kind::kNotFound, "no such directory: {}", where.directory);
  }
  if (content && where.name != ".") {
    // The stream has what the directory holds, without its name: so it needs a place of its own.
    where = {(fs::path(where.directory) / where.name).native(), "."};
    fs::create_directory(where.directory);
  }
  through_pipe([&](int in) { engine.copy_from(source.container, path, in); },
               [&](int out) { unpack_host(out, where.directory, from, where.name, keep_owners); });
}

}  // namespace

int copy(Call& call) {
  const Side source = parse_side(call.argument(0));
  const Side target = parse_side(call.argument(1));
  if (source.container.empty() == target.container.empty()) {
    throw error(Kind::kInvalidArgument, "{}",
                source.container.empty() ? "must specify at least one container source"
                                         : "copying between containers is not supported");
  }
  const bool follow = call.options().on("follow-link");
  if (source.container.empty()) {
    copy_in(call.engine(), source.path, target, follow);
  } else {
    copy_out(call.engine(), source, target.path, call.options().on("archive"), follow);
  }
  return 0;
}

}  // namespace seatrial::engine_cli
