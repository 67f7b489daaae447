// What a transaction costs with libnftnl, which this room uses, and with libnftables. Prints both;
// the README has the numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "engine/network/network_fixture.h"

namespace seatrial::network {
namespace {

using Cost = InNamespaces;

// Median, in milliseconds.
template <typename Body>
double median_of(Body body) {
  std::vector<double> times;
  for (int round = 0; round < 51; ++round) {
    const auto start = std::chrono::steady_clock::now();
    body(round);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    times.push_back(took.count());
  }
  std::ranges::nth_element(times, times.begin() + 25);
  return times[25];
}

Publication publication(int round) {
  return {.port = {.host_port = static_cast<std::uint16_t>(10000 + round), .container_port = 80},
          .container_address = parse_ipv4("10.1.0.2"),
          .container_id = id_of('1'),
          .network_id = id_of('a')};
}

std::string command(int round) {
  return fmt::format(
      "add element ip seatrial ports_any {{ tcp . {} comment \"x\" : 10.1.0.2 . 80 }}",
      20000 + round);
}

TEST_F(Cost, OfOnePublishedPort) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    Firewall firewall;
    const double nftnl = median_of([&](int round) {
      const Publication each = publication(round);
      firewall.publish({&each, 1});
    });
    const double fresh = median_of([&](int round) { nft(command(round)); });
    const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(::nft_ctx_new(NFT_CTX_DEFAULT),
                                                               &::nft_ctx_free);
    const double reused = median_of([&](int round) {
      EXPECT_EQ(::nft_run_cmd_from_buffer(context.get(), command(round + 100).c_str()), 0);
    });
    std::printf("one element: libnftnl %.3f ms, libnftables %.3f ms (context kept: %.3f ms)\n",
                nftnl, fresh, reused);
    EXPECT_LT(nftnl, fresh);
  });
}

TEST_F(Cost, OfAContainer) {
  in_child([] {
    World world;
    const NetworkSpec web = network_named("web", 'a', "10.1.0.0/24");
    world.networks.create(web);
    std::vector<UniqueFd> containers;
    std::vector<Endpoint> endpoints;
    const double made = median_of([&](int) { containers.push_back(sys::new_network_namespace()); });
    const double attached = median_of([&](int round) {
      const auto port = static_cast<std::uint16_t>(10000 + round);
      endpoints.push_back(world.networks.attach(
          web, {.container_id = fmt::format("{:064x}", round),
                .network_namespace = containers[static_cast<std::size_t>(round)].get(),
                .address = {web.subnet.base.value + 2 + static_cast<std::uint32_t>(round)},
                .ports = {{.host_port = port, .container_port = 80}}}));
    });
    const auto endpoint = [&](int round) -> const Endpoint& {
      return endpoints[static_cast<std::size_t>(round)];
    };
    const double left = median_of(
        [&](int round) { world.networks.detach(endpoint(round), HostLink::kEndsWithNamespace); });
    const double deleted = median_of([&](int round) { world.networks.detach(endpoint(round)); });
    std::printf(
        "a container: namespace %.3f ms, attach with a port %.3f ms, detach %.3f ms, "
        "deleting its link %.3f ms\n",
        made, attached, left, deleted);
  });
}

}  // namespace
}  // namespace seatrial::network
