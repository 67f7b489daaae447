#include "engine/core/request_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace seatrial::core {
namespace {

using testing::ElementsAre;
using Json = nlohmann::json;

// No field at its default.
ContainerRequest everything() {
  ContainerRequest request{.name = "n",
                           .image = "busybox",
                           .platform = "linux/amd64",
                           .entrypoint = std::vector<std::string>{"e"},
                           .cmd = {"c", "d"},
                           .env = {"A=1"},
                           .user = "1:2",
                           .working_dir = "/w",
                           .hostname = "h",
                           .domainname = "dom",
                           .labels = {{"l", "v"}},
                           .exposed_ports = {"80/tcp"},
                           .tty = true,
                           .console_height = 24,
                           .console_width = 80,
                           .open_stdin = true,
                           .stdin_once = true,
                           .attach_stdin = true,
                           .attach_stdout = true,
                           .attach_stderr = true,
                           .stop_signal = "SIGINT",
                           .stop_timeout = 3};
  request.mounts = {volume::parse_volume_option("vol:/a:ro,nocopy"),
                    volume::parse_volume_option("/b:/c:rshared"),
                    volume::parse_mount_option("type=tmpfs,dst=/t,tmpfs-size=1k,tmpfs-mode=700"),
                    volume::parse_tmpfs_option("/u:noexec")};
  request.volumes_from = {"other:ro"};
  request.ports = {{.container_port = 80, .protocol = "udp", .host_ip = "::", .host_port = 8080}};
  request.publish_all_ports = true;
  request.network_mode = "net";
  request.networks = {{.network = "net", .aliases = {"a"}, .ip = "1.2.3.4", .mac = "m"}};
  request.dns = {"1.1.1.1"};
  request.dns_search = {"s"};
  request.dns_options = {"o"};
  request.extra_hosts = {"x:1.1.1.1"};
  request.auto_remove = request.privileged = request.read_only_rootfs = request.init = true;
  request.cap_add = {"A"};
  request.cap_drop = {"B"};
  request.security_opt = {"C"};
  request.group_add = {"D"};
  request.ulimits = {{.name = "nofile", .soft = 1, .hard = 2}};
  request.devices = {{.path_on_host = "/a", .path_in_container = "/b", .permissions = "r"}};
  request.device_cgroup_rules = {"c 1:3 r"};
  request.sysctls = {{"k", "v"}};
  request.pid_mode = request.uts_mode = request.ipc_mode = request.cgroupns_mode = "host";
  request.cgroup_parent = "/p";
  request.shm_size = 5;
  request.resources = {.memory = 1,
                       .memory_swap = 2,
                       .memory_reservation = 3,
                       .memory_swappiness = 4,
                       .nano_cpus = 5,
                       .cpu_shares = 6,
                       .cpu_period = 7,
                       .cpu_quota = 8,
                       .cpuset_cpus = "0",
                       .cpuset_mems = "1",
                       .pids_limit = 9,
                       .oom_kill_disable = true,
                       .oom_score_adj = 10,
                       .device_read_bps = {{.path = "/dev/a", .rate = 11}},
                       .device_write_bps = {{.path = "/dev/b", .rate = 12}},
                       .device_read_iops = {{.path = "/dev/c", .rate = 13}},
                       .device_write_iops = {{.path = "/dev/d", .rate = 14}}};
  request.storage_opt = {{"size", "1m"}};
  request.log_driver = "none";
  request.log_opts = {{"max-size", "1m"}};
  request.restart_policy = {.name = "on-failure", .maximum_retry_count = 3};
  return request;
}

TEST(RequestJson, LosesNothing) {
  const std::string text = print_request(everything());
  EXPECT_EQ(Json::parse(print_request(parse_request(text))), Json::parse(text));
  // Nothing of it is what an empty request has, either: a field that is forgotten on both sides
  // would show here.
  const Json empty = Json::parse(print_request({}));
  const Json full = Json::parse(text);
  for (const auto& [key, value] : full.items()) {
    if (key == "Volumes") continue;
    EXPECT_NE(value, empty.value(key, Json())) << key;
  }
  const Json host = full.at("HostConfig");
  for (const auto& [key, value] : host.items()) {
    EXPECT_NE(value, empty.at("HostConfig").at(key)) << key;
  }
}

TEST(RequestJson, ReadsWhatClientsSend) {
  const ContainerRequest request = parse_request(R"({
    "Image": "i", "Cmd": null, "Volumes": {"/data": {}}, "ExposedPorts": {"80/tcp": {}},
    "HostConfig": {"Binds": ["/a:/b:ro"], "Tmpfs": {"/run": "", "/t": "size=1k"},
                   "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
                   "NetworkMode": "", "ShmSize": 0, "MemorySwappiness": -1},
    "NetworkingConfig": {"EndpointsConfig": {"default": null}}})");
  EXPECT_EQ(request.mounts.size(), 4U);
  EXPECT_EQ(request.ports.at(0).host_port, 8080);
  EXPECT_EQ(request.ports.at(0).host_port_last, 0);
  const ContainerRequest ranged =
      parse_request(R"({"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8000-8003"}]}}})");
  EXPECT_EQ(ranged.ports.at(0).host_port, 8000);
  EXPECT_EQ(ranged.ports.at(0).host_port_last, 8003);
  EXPECT_EQ(ports_json(ranged.ports).at("80/tcp")[0].at("HostPort"), "8000-8003");
  EXPECT_EQ(request.network_mode, "default");
  EXPECT_EQ(request.shm_size, 64U << 20);
  EXPECT_EQ(request.resources.memory_swappiness, std::nullopt);
  EXPECT_FALSE(request.entrypoint);
  EXPECT_TRUE(parse_request(R"({"Entrypoint": []})").entrypoint);
}

TEST(RequestJson, RefusesTheWrongTypeByName) {
  for (const char* text : {R"({"Cmd": 5})", R"({"HostConfig": {"Memory": "x"}})", "[]", "{",
                           R"({"HostConfig": {"PortBindings": {"80/sctp": [{}]}}})",
                           R"({"HostConfig": {"PortBindings": {"80": [{"HostPort": "2-1"}]}}})",
                           R"({"HostConfig": {"Mounts": [{"Type": "bind", "Target": "/"}]}})"}) {
    EXPECT_THROW(parse_request(text), Error) << text;
  }
  EXPECT_EQ(parse_port("53/udp").protocol, "udp");
  EXPECT_EQ(parse_port("53").container_port, 53);
  for (const char* text : {"", "x", "0", "65536", "80/", "80/icmp", "-1"}) {
    EXPECT_THROW(parse_port(text), Error) << text;
  }
}

}  // namespace
}  // namespace seatrial::core
