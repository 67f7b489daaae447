#include "engine/cgroup/systemd_manager.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "engine/base/error.h"
#include "engine/sys/deadline.h"
#include "engine/sys/unix_path.h"

namespace seatrial::cgroup {
namespace {

using namespace std::chrono_literals;
using sys::DbusKind;
using sys::DbusMessage;
using sys::DbusReader;
using sys::DbusWriter;

constexpr auto kPatience = 30s;  // for one answer
constexpr const char* kManager = "/org/freedesktop/systemd1";
constexpr std::string_view kManagerInterface = "org.freedesktop.systemd1.Manager";
constexpr std::string_view kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
constexpr std::string_view kUnitExists = "org.freedesktop.systemd1.UnitExists";

// One entry of an array of type a(sv).
void add(DbusWriter& body, const UnitProperty& property) {
  body.align(8);
  body.string(property.name);
  if (const auto* text = std::get_if<std::string>(&property.value)) {
    body.signature("s");
    body.string(*text);
  } else if (const auto* number = std::get_if<std::uint64_t>(&property.value)) {
    body.signature("t");
    body.uint64(*number);
  } else if (const auto* pairs = std::get_if<UnitProperty::Pairs>(&property.value)) {
    body.signature("a(ss)");
    const DbusWriter::Array list = body.begin_array(8);
    for (const auto& [first, second] : *pairs) {
      body.align(8);
      body.string(first);
      body.string(second);
    }
    body.end_array(list);
  } else {
    body.signature("b");
    body.boolean(std::get<bool>(property.value));
  }
}

void add_processes(DbusWriter& body, pid_t process) {
  body.align(8);
  body.string("PIDs");
  body.signature("au");
  const DbusWriter::Array list = body.begin_array(4);
  body.uint32(static_cast<std::uint32_t>(process));
  body.end_array(list);
}

std::vector<UnitProperty> properties_of(const Scope& scope, const std::string& description) {
  return {{"Description", description},
          {"Slice", scope.slice},
          {"Delegate", true},
          // Else systemd would end it on shutdown before whoever looks after it.
          {"DefaultDependencies", false},
          // A scope that failed, as one that ran out of memory has, is forgotten, too.
          {"CollectMode", "inactive-or-failed"},
          {"MemoryAccounting", true},
          {"CPUAccounting", true},
          {"IOAccounting", true},
          {"TasksAccounting", true}};
}

bool is_own(const char* path) {
  struct stat status{};
  return ::lstat(path, &status) == 0 && status.st_uid == ::geteuid();
}

}  // namespace

std::string own_systemd(const char* runtime_directory, uid_t user) {
  // In a user namespace that does not map its owner, the host's belongs to nobody.
  if (is_own(kSystemdOfHost)) return kSystemdOfHost;
  const std::string given = runtime_directory == nullptr ? "" : runtime_directory;
  return (given.starts_with('/') ? given : fmt::format("/run/user/{}", user)) + "/systemd/private";
}

SystemdManager SystemdManager::connect(const std::string& socket) {
  UniqueFd connected;
  try {
    connected = sys::connect_to(socket, sys::SocketType::kStream);
  } catch (const Error& failure) {
    throw Error(Kind::kUnsupported, failure.sys_errno(),
                fmt::format("--systemd-cgroup: no systemd to ask for a cgroup: {}", socket));
  }
  SystemdManager manager(std::move(connected), socket);
  // Without naming a user: systemd goes by what the kernel says of the other end, and in a user
  // namespace this process may not know its number outside. In one piece: systemd 252 lets a call
  // lie that it reads together with BEGIN.
  manager.send(std::string(1, '\0') + "AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
  std::string answer;
  for (int line = 0; line < 2; ++line) {
    answer.clear();
    while (!answer.ends_with("\r\n")) answer += manager.read(1);
    if (line == 0 && answer != "DATA\r\n") break;
  }
  if (!answer.starts_with("OK ")) {
    throw error(Kind::kDenied, "the systemd at {} does not let user {} in: {}", socket, ::geteuid(),
                answer.substr(0, answer.size() - 2));
  }
  return manager;
}

std::string SystemdManager::root() {
  return property(kManager, kManagerInterface, "ControlGroup");
}

std::string SystemdManager::cgroup_of(const std::string& scope) {
  return property(unit_path(scope), "org.freedesktop.systemd1.Scope", "ControlGroup");
}

std::optional<std::string> SystemdManager::description(const std::string& unit) {
  try {
    return property(unit_path(unit), "org.freedesktop.systemd1.Unit", "Description");
  } catch (const Error& failure) {
    if (failure.kind() == Kind::kNotFound) return std::nullopt;
    throw;
  }
}

void SystemdManager::start(const Scope& scope, const std::string& description, pid_t process,
                           const std::vector<UnitProperty>& limits) {
  DbusWriter body;
  body.string(scope.unit);
  body.string("fail");  // rather than replace what is there
  const DbusWriter::Array properties = body.begin_array(8);
  for (const UnitProperty& each : properties_of(scope, description)) add(body, each);
  for (const UnitProperty& each : limits) add(body, each);
  add_processes(body, process);
  body.end_array(properties);
  body.end_array(body.begin_array(8));  // no unit beside it
  const DbusMessage reply = ask("StartTransientUnit", "ssa(sv)a(sa(sv))", body);
  await_job(scope.unit, DbusReader(reply.body).string());
}

void SystemdManager::set(const std::string& unit, const std::vector<UnitProperty>& limits) {
  if (limits.empty()) return;
  DbusWriter body;
  body.string(unit);
  body.boolean(true);  // until the next start only
  const DbusWriter::Array properties = body.begin_array(8);
  for (const UnitProperty& each : limits) add(body, each);
  body.end_array(properties);
  ask("SetUnitProperties", "sba(sv)", body);
}

void SystemdManager::attach(const std::string& unit, const std::string& below, pid_t process) {
  DbusWriter body;
  body.string(unit);
  body.string(below);
  const DbusWriter::Array processes = body.begin_array(4);
  body.uint32(static_cast<std::uint32_t>(process));
  body.end_array(processes);
  ask("AttachProcessesToUnit", "ssau", body);
}

void SystemdManager::stop(const std::string& unit) {
  DbusWriter body;
  body.string(unit);
  body.string("replace");
  try {
    const DbusMessage reply = ask("StopUnit", "ss", body);
    await_job(unit, DbusReader(reply.body).string());
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kNotFound) throw;
  }
}

DbusMessage SystemdManager::ask(std::string_view member, std::string_view signature,
                                const DbusWriter& body) {
  return call({.path = kManager,
               .interface = kManagerInterface,
               .member = member,
               .signature = signature,
               .body = body.bytes()});
}

DbusMessage SystemdManager::call(const sys::DbusCall& call) {
  send(sys::print_dbus(call, ++serial_));
  for (;;) {
    DbusMessage message = receive();
    if (message.kind == DbusKind::kSignal) {
      signals_.push_back(std::move(message));
    } else if (message.reply_serial == serial_) {
      if (message.kind == DbusKind::kReturn) return message;
      const Kind kind = message.error == kUnitExists   ? Kind::kConflict
                        : message.error == kNoSuchUnit ? Kind::kNotFound
                                                       : Kind::kDenied;
      throw error(kind, "systemd, asked for {}: {}", call.member,
                  message.body.empty() ? message.error : DbusReader(message.body).string());
    }
  }
}

std::string SystemdManager::unit_path(const std::string& unit) {
  DbusWriter body;
  body.string(unit);
  const DbusMessage reply = ask("GetUnit", "s", body);
  return DbusReader(reply.body).string();
}

// One of type s.
std::string SystemdManager::property(const std::string& object, std::string_view interface,
                                     std::string_view name) {
  DbusWriter body;
  body.string(interface);
  body.string(name);
  const DbusMessage reply = call({.path = object,
                                  .interface = "org.freedesktop.DBus.Properties",
                                  .member = "Get",
                                  .signature = "ss",
                                  .body = body.bytes()});
  DbusReader value(reply.body);
  if (value.signature() != "s") {
    throw error(Kind::kUnavailable, "systemd's property {} is no text", name);
  }
  return value.string();
}

// A job may be done before its reply is read.
void SystemdManager::await_job(const std::string& unit, const std::string& job) {
  for (std::size_t next = 0;; ++next) {
    while (next >= signals_.size()) signals_.push_back(receive());
    if (signals_[next].member != "JobRemoved") continue;
    DbusReader body(signals_[next].body);
    body.uint32();
    if (body.string() != job) continue;
    body.string();  // the unit
    const std::string result = body.string();
    signals_.clear();
    if (result == "done") return;
    throw error(Kind::kUnavailable, "systemd's job for {} ended as \"{}\"", unit, result);
  }
}

void SystemdManager::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw sys_error(errno, "write to {}", path_);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

DbusMessage SystemdManager::receive() {
  std::string bytes = read(sys::kDbusHead);
  bytes += read(sys::dbus_size(bytes) - bytes.size());
  return sys::parse_dbus(bytes);
}

std::string SystemdManager::read(std::size_t size) {
  const sys::Deadline deadline = sys::after(kPatience);
  while (unread_.size() < size) {
    if (!sys::wait_readable(socket_.get(), deadline)) {
      throw error(Kind::kTimeout, "systemd did not answer within {} s", kPatience.count());
    }
    std::array<char, 4096> bytes;
    const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw sys_error(errno, "read from {}", path_);
    if (got == 0) throw error(Kind::kUnavailable, "systemd hung up on {}", path_);
    unread_.append(bytes.data(), static_cast<std::size_t>(got));
  }
  std::string read = unread_.substr(0, size);
  unread_.erase(0, size);
  return read;
}

}  // namespace seatrial::cgroup
