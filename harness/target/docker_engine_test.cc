#include <gtest/gtest.h>

#include "harness/target/docker_client.h"
#include "harness/target/engine_target.h"
#include "harness/target/testing/scripted_daemon.h"

namespace seatrial::harness {
namespace {

std::string pong_of(const std::string& server) {
  return "HTTP/1.1 200 OK\r\nServer: " + server + "\r\nContent-Length: 2\r\n\r\nOK";
}

TEST(DockerEngine, KnowsWhoAnswersByThePing) {
  const ScriptedDaemon docker({{pong_of("Docker/20.10.24+dfsg1 (linux)")}});
  const auto engine = make_docker_engine(DockerClient(docker.socket()));
  EXPECT_EQ(engine->name(), "docker");
  EXPECT_EQ(engine->version(), "20.10.24+dfsg1");
  EXPECT_EQ(docker.requests().size(), 1U);
  const ScriptedDaemon podman({{pong_of("Libpod/4.3.1 (linux)")}});
  const auto other = make_docker_engine(DockerClient(podman.socket()));
  EXPECT_EQ(other->name(), "podman");
  EXPECT_EQ(other->version(), "4.3.1");
}

TEST(DockerEngine, AsksForTheVersionBehindAnotherServer) {
  const std::string document = R"({"Version": "4.3.1", "Components": [{"Name": "Podman Engine"}]})";
  const ScriptedDaemon daemon({{pong_of("nginx/1.22.1")}, {http_answer("200 OK", document)}});
  const auto engine = make_docker_engine(DockerClient(daemon.socket()));
  EXPECT_EQ(engine->name(), "podman");
  EXPECT_EQ(engine->version(), "4.3.1");
}

}  // namespace
}  // namespace seatrial::harness
