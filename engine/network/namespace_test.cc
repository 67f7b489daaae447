#include "engine/sys/network_namespace.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "engine/network/network_fixture.h"

namespace seatrial::network {
namespace {

using Namespaces = InNamespaces;

ino_t inode_of(const UniqueFd& fd) {
  struct stat status{};
  EXPECT_EQ(::fstat(fd.get(), &status), 0);
  return status.st_ino;
}

TEST_F(Namespaces, ANewOneHasItsLoopbackUpAndTheCallerStays) {
  in_child([] {
    const ino_t before = inode_of(sys::own_network_namespace());
    const UniqueFd fresh = sys::new_network_namespace();
    EXPECT_NE(inode_of(fresh), before);
    EXPECT_EQ(inode_of(sys::own_network_namespace()), before);
    EXPECT_TRUE(arrives({.client = fresh.get(),
                         .to_ip = "127.0.0.1",
                         .to_port = 80,
                         .server = fresh.get(),
                         .server_port = 80}));
    EXPECT_EQ(::waitpid(-1, nullptr, __WALL | WNOHANG), -1) << "no child is left";
  });
}

// What the file of /proc/net says in a namespace.
std::string seen_in(const UniqueFd& network_namespace, const std::string& file) {
  std::string text;
  std::thread([&] {
    ASSERT_EQ(::setns(network_namespace.get(), CLONE_NEWNET), 0);
    text = read_file("/proc/thread-self/net/" + file);
  }).join();
  return text;
}

TEST_F(Namespaces, ANewOneGivesItsInterfacesNoIpv6) {
  in_child([] {
    if (::access("/proc/self/net/if_inet6", F_OK) != 0) GTEST_SKIP() << "this kernel has no IPv6";
    World world;  // an uplink with an address of the kernel's making, and one without
    const auto addresses = [] { return read_file("/proc/thread-self/net/if_inet6"); };
    // The kernel gives one when it has seen that the link works.
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kArrives);
    while (addresses().find("uplink") == std::string::npos &&
           std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_THAT(addresses(), testing::HasSubstr("uplink"));
    EXPECT_THAT(
        seen_in(world.outside, "if_inet6"),
        testing::AllOf(testing::HasSubstr(" lo"), testing::Not(testing::HasSubstr("eth0"))));
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    const UniqueFd container = sys::new_network_namespace();
    world.attach(web, container.get(), '1', "10.1.0.2");
    EXPECT_THAT(addresses(), testing::Not(testing::HasSubstr(web.bridge_name)));
    EXPECT_THAT(seen_in(container, "if_inet6"), testing::Not(testing::HasSubstr("eth0")));
  });
}

TEST_F(Namespaces, ThreadsMakeThemAtOnce) {
  in_child([] {
    std::vector<std::thread> threads;
    for (int index = 0; index < 4; ++index) {
      threads.emplace_back([] {
        for (int round = 0; round < 5; ++round) EXPECT_TRUE(sys::new_network_namespace());
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
}

TEST_F(Namespaces, WhatIsNoNamespaceIsRefused) {
  in_child([] {
    const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(error_of([&] { sys::socket_in(file.get(), AF_INET, SOCK_DGRAM, 0); }),
              "enter a network namespace: EINVAL (Invalid argument)");
  });
}

}  // namespace
}  // namespace seatrial::network
