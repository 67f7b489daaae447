#include "engine/cli/container_request.h"

#include <gmock/gmock.h>

#include "engine/cli/cli_fixture.h"

namespace seatrial::engine_cli {
namespace {

using core::ContainerRequest;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ParseRun, FillsTheRequest) {
  const RunRequest run = run_of(
      "run -d --name web -p 127.0.0.1:8080:80 -v data:/d -v ./x:/x:ro --tmpfs /t:size=1m "
      "--memory 64m --cpus 1.5 --pids-limit 100 -u 1000:1000 -w /srv -h box --cap-drop ALL "
      "--cap-add NET_ADMIN --ulimit nofile=10:20 --restart on-failure:3 --label a=b -l c "
      "--add-host db=10.0.0.1 --dns 1.1.1.1 --sysctl net.a=1 --stop-signal INT --read-only busybox "
      "httpd -f");
  const ContainerRequest& request = run.container;
  EXPECT_TRUE(run.detach);
  EXPECT_FALSE(request.attach_stdout);
  EXPECT_EQ(request.name, "web");
  EXPECT_EQ(request.image, "busybox");
  EXPECT_THAT(request.cmd, ElementsAre("httpd", "-f"));
  ASSERT_EQ(request.ports.size(), 1U);
  EXPECT_EQ(request.ports[0].host_ip, "127.0.0.1");
  EXPECT_EQ(request.ports[0].host_port, 8080);
  EXPECT_EQ(request.ports[0].container_port, 80);
  ASSERT_EQ(request.mounts.size(), 3U);
  EXPECT_EQ(request.mounts[0].source, "data");
  EXPECT_EQ(request.mounts[1].source, "/site/x");
  EXPECT_TRUE(request.mounts[1].read_only);
  EXPECT_EQ(request.mounts[2].type, volume::MountType::kTmpfs);
  EXPECT_EQ(request.resources.memory, 64 << 20);
  EXPECT_EQ(request.resources.nano_cpus, 1'500'000'000);
  EXPECT_EQ(request.resources.pids_limit, 100);
  EXPECT_EQ(request.user, "1000:1000");
  EXPECT_EQ(request.working_dir, "/srv");
  EXPECT_EQ(request.hostname, "box");
  EXPECT_THAT(request.cap_drop, ElementsAre("ALL"));
  ASSERT_EQ(request.ulimits.size(), 1U);
  EXPECT_EQ(request.ulimits[0].hard, 20);
  EXPECT_EQ(request.restart_policy.maximum_retry_count, 3U);
  EXPECT_EQ(request.labels, (core::Labels{{"a", "b"}, {"c", ""}}));
  EXPECT_THAT(request.extra_hosts, ElementsAre("db:10.0.0.1"));
  EXPECT_EQ(request.sysctls.at("net.a"), "1");
  EXPECT_TRUE(request.read_only_rootfs);
}

TEST(ParseRun, TakesRatesOfDevicesAndOptionsOfStorage) {
  const ContainerRequest request =
      run_of(
          "create --device-read-bps /dev/sda:1m --device-write-bps /dev/sda:2k --device-write-bps "
          "/dev/sdb:3 --device-read-iops /dev/sda:100 --device-write-iops /dev/sda:200 "
          "--storage-opt size=10m i")
          .container;
  const core::ResourceLimits& limits = request.resources;
  ASSERT_EQ(limits.device_read_bps.size(), 1U);
  EXPECT_EQ(limits.device_read_bps[0].path, "/dev/sda");
  EXPECT_EQ(limits.device_read_bps[0].rate, 1U << 20);
  ASSERT_EQ(limits.device_write_bps.size(), 2U);
  EXPECT_EQ(limits.device_write_bps[1].rate, 3U);
  EXPECT_EQ(limits.device_read_iops.at(0).rate, 100U);
  EXPECT_EQ(limits.device_write_iops.at(0).rate, 200U);
  EXPECT_EQ(request.storage_opt.at("size"), "10m");
}

TEST(ParseRun, AttachesAsDockerDoes) {
  const ContainerRequest plain = run_of("run i").container;
  EXPECT_TRUE(plain.attach_stdout && plain.attach_stderr && !plain.attach_stdin);
  const ContainerRequest typed = run_of("run -it i").container;
  EXPECT_TRUE(typed.tty && typed.open_stdin && typed.attach_stdin && typed.stdin_once);
  const ContainerRequest chosen = run_of("run -a STDERR -i i").container;
  EXPECT_TRUE(chosen.attach_stderr && !chosen.attach_stdout && !chosen.attach_stdin);
  EXPECT_FALSE(chosen.stdin_once);
  const ContainerRequest detached = run_of("run -dit i").container;
  EXPECT_TRUE(detached.open_stdin && !detached.attach_stdin && !detached.stdin_once);
}

TEST(ParseRun, TakesVariablesFromHere) {
  EXPECT_THAT(run_of("run --env-file env -e HOME -e NONE -e C=3 i").container.env,
              ElementsAre("A=1", "B=two words", "HOME=/home/ann", "HOME=/home/ann", "NONE", "C=3"));
}

TEST(ParseRun, AnEmptyEntrypointResets) {
  EXPECT_FALSE(run_of("run i").container.entrypoint.has_value());
  EXPECT_THAT(*run_of("run --entrypoint= i").container.entrypoint, IsEmpty());
  EXPECT_THAT(*run_of("run --entrypoint sh i").container.entrypoint, ElementsAre("sh"));
}

TEST(ParseRun, JoinsNetworks) {
  EXPECT_EQ(run_of("run i").container.network_mode, "default");
  EXPECT_THAT(run_of("run i").container.networks, IsEmpty());
  const ContainerRequest named =
      run_of("run --network app --network-alias db --ip 10.1.0.9 --network other i").container;
  EXPECT_EQ(named.network_mode, "app");
  ASSERT_EQ(named.networks.size(), 2U);
  EXPECT_EQ(named.networks[0].ip, "10.1.0.9");
  EXPECT_THAT(named.networks[0].aliases, ElementsAre("db"));
  EXPECT_EQ(named.networks[1].network, "other");
  const ContainerRequest longer = run_of("run --network name=app,alias=a,alias=b i").container;
  EXPECT_EQ(longer.network_mode, "app");
  EXPECT_THAT(longer.networks[0].aliases, ElementsAre("a", "b"));
  EXPECT_THAT(run_of("run --net host i").container.networks, IsEmpty());
}

TEST(ParseRun, ProfilesArePathsOfHere) {
  EXPECT_THAT(run_of("run --security-opt seccomp=p.json --security-opt seccomp=unconfined "
                     "--security-opt no-new-privileges i")
                  .container.security_opt,
              ElementsAre("seccomp=/site/p.json", "seccomp=unconfined", "no-new-privileges"));
}

TEST(ParseRun, RefusesInOneSentence) {
  const std::pair<const char*, const char*> kRefused[] = {
      {"run -d -a stdout i", "Conflicting options: -a and -d"},
      {"run --rm --restart always i",
       "conflicting options: cannot specify both --restart and --rm"},
      {"run --restart perhaps i",
       "invalid argument \"perhaps\" for \"--restart\" flag: invalid restart policy: perhaps"},
      {"run --memory 1x i", "invalid argument \"1x\" for \"--memory\" flag: invalid size: '1x'"},
      {"run --cpus two i",
       "invalid argument \"two\" for \"--cpus\" flag: failed to parse two as a rational number"},
      {"run --cpus 1 --cpu-quota 5 i",
       "Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set"},
      {"run --memory-swappiness 101 i",
       "invalid value: 101. Valid memory swappiness range is 0-100"},
      {"run --oom-score-adj 1001 i",
       "invalid value 1001, range for oom score adj is [-1000, 1000]"},
      {"run -v aa:/x -v bb:/x i", "Duplicate mount point: /x"},
      {"run --add-host nowhere i", "bad format for add-host: \"nowhere\""},
      {"run --pull sometimes i",
       "invalid pull option: 'sometimes': must be one of \"always\", \"missing\" or \"never\""},
      {"run --network host --ip 1.2.3.4 i",
       "conflicting options: cannot attach both user-defined and non-user-defined network-modes"},
      {"run --network a=b i", "invalid argument \"a=b\" for \"--network\" flag: invalid key a"},
      {"run --env-file bad i", "invalid env file (bad): variable 'A B' contains whitespaces"},
      {"run --env-file none i", "open none: no such file or directory"},
      {"run --stop-signal FOO i", "invalid signal: FOO"},
      {"run --pids-limit many i",
       "invalid argument \"many\" for \"--pids-limit\" flag: it is not a number"},
      {"run --device-write-bps sda:1m i",
       "invalid argument \"sda:1m\" for \"--device-write-bps\" flag: bad format: sda:1m"},
      {"run --device-write-iops /dev/sda:1m i",
       "invalid argument \"/dev/sda:1m\" for \"--device-write-iops\" flag: invalid rate for "
       "device: /dev/sda:1m"},
      {"run -a stdfoo i",
       "invalid argument \"stdfoo\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT and "
       "STDERR"},
      {"run --detach-keys ctrl-1 i", "invalid detach keys (ctrl-1)"},
  };
  for (const auto& [text, sentence] : kRefused) {
    EXPECT_EQ(refusal_of([&] { run_of(text); }), sentence) << text;
  }
}

TEST(ParseExec, FillsTheRequest) {
  const ExecCall call =
      parse_exec(line_of("exec -it -e A=1 -u 5 -w /d box sh -c x"), fake_surroundings());
  EXPECT_EQ(call.container, "box");
  EXPECT_THAT(call.request.cmd, ElementsAre("sh", "-c", "x"));
  EXPECT_TRUE(call.request.tty && call.interactive && !call.detach);
  EXPECT_EQ(call.request.user, "5");
  EXPECT_EQ(call.request.working_dir, "/d");
}

TEST(DetachKeys, BecomeBytes) {
  EXPECT_EQ(parse_detach_keys("ctrl-p,ctrl-q"), "\x10\x11");
  EXPECT_EQ(parse_detach_keys("a,ctrl-]"), "a\x1d");
  EXPECT_EQ(parse_detach_keys(""), "");
}

}  // namespace
}  // namespace seatrial::engine_cli
