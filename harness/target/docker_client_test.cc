#include "harness/target/docker_client.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "harness/target/testing/scripted_daemon.h"

namespace seatrial::harness {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::StrEq;

constexpr const char* kOk = "200 OK";

template <typename Body>
Error refusal_of(Body body) {
  try {
    body();
  } catch (const Error& failure) {
    return failure;
  }
  ADD_FAILURE() << "nothing was thrown";
  return error(Kind::kInternal, "nothing was thrown");
}

std::string frame(char stream, const std::string& text) {
  return std::string{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())} + text;
}

TEST(DockerClient, CreatesAContainerWithItsDocument) {
  const ScriptedDaemon daemon({{http_answer("201 Created", R"({"Id": "abc", "Warnings": []})")}});
  EXPECT_EQ(DockerClient(daemon.socket()).create(R"({"Image": "x"})", "my name"), "abc");
  ASSERT_EQ(daemon.requests().size(), 1u);
  EXPECT_THAT(daemon.requests()[0],
              AllOf(StartsWith("POST /containers/create?name=my%20name HTTP/1.1\r\n"),
                    HasSubstr("Content-Type: application/json\r\n"),
                    HasSubstr("\r\n\r\n{\"Image\": \"x\"}")));
}

TEST(DockerClient, ARefusalIsOneSentenceWithTheDaemonsWords) {
  const ScriptedDaemon daemon(
      {{http_answer("404 Not Found", R"({"message": "No such image: x:latest\n"})")},
       {http_answer("409 Conflict", R"({"message": "in use"})")},
       {http_answer("500 Internal Server Error", "plain words")},
       {http_answer("404 Not Found", R"({"message": "no"})")}});
  const DockerClient client(daemon.socket());
  const Error missing = refusal_of([&] { client.create("{}", "web"); });
  EXPECT_THAT(missing.what(), StrEq("create container web: No such image: x:latest"));
  EXPECT_EQ(missing.kind(), Kind::kNotFound);
  EXPECT_EQ(refusal_of([&] { client.start("web"); }).kind(), Kind::kConflict);
  const Error broken = refusal_of([&] { client.start("web"); });
  EXPECT_EQ(broken.kind(), Kind::kUnavailable);
  EXPECT_THAT(broken.what(), StrEq("start container web: plain words"));
  const DockerReply reply = client.send({.target = "/x"});  // does not throw
  EXPECT_EQ(reply.status, 404u);
  EXPECT_EQ(reply.message(), "no");
}

TEST(DockerClient, StartingWhatRunsIsNoError) {
  const ScriptedDaemon daemon({{"HTTP/1.1 304 Not Modified\r\n\r\n"}});
  DockerClient(daemon.socket()).start("web");
}

// Chunked, as daemons send what they do not know the length of.
TEST(DockerClient, TakesLogsApart) {
  const std::string frames = frame(1, "out\n") + frame(2, "err\n");
  const ScriptedDaemon daemon(
      {{http_answer(kOk, R"({"Config": {"Tty": false}})")},
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + frames.substr(0, 5) +
        "\r\n13\r\n" + frames.substr(5) + "\r\n0\r\n\r\n"},
       {http_answer(kOk, R"({"Config": {"Tty": true}})")},
       {"HTTP/1.1 200 OK\r\n\r\nraw \001 text"}});
  const DockerClient client(daemon.socket());
  const DockerOutput apart = client.logs("web", {.tail = "3"});
  EXPECT_EQ(apart.out, "out\n");
  EXPECT_EQ(apart.err, "err\n");
  EXPECT_THAT(daemon.requests()[1], HasSubstr("&tail=3"));
  EXPECT_EQ(client.logs("web").out, "raw \001 text");
}

TEST(DockerClient, ExecSendsInputAndTellsTheStatus) {
  const ScriptedDaemon daemon({{http_answer("201 Created", R"({"Id": "e1"})")},
                               {.answer = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n"
                                          "Upgrade: tcp\r\n\r\n" +
                                          frame(2, "warn"),
                                .echo = true},
                               {http_answer(kOk, R"({"ExitCode": 7})")}});
  const DockerExecEnd end =
      DockerClient(daemon.socket()).exec("web", {.args = {"cat"}, .input = frame(1, "hello")});
  EXPECT_EQ(end.code, 7);
  EXPECT_EQ(end.output.out, "hello");
  EXPECT_EQ(end.output.err, "warn");
  EXPECT_THAT(daemon.requests()[1],
              AllOf(StartsWith("POST /exec/e1/start HTTP/1.1\r\n"), HasSubstr("Upgrade: tcp\r\n")));
}

TEST(DockerClient, ExecThatIsRefusedSaysWhy) {
  const ScriptedDaemon daemon({{http_answer("409 Conflict", R"({"message": "paused"})")},
                               {http_answer("201 Created", R"({"Id": "e1"})")},
                               {http_answer("400 Bad Request", R"({"message": "no program"})")}});
  const DockerClient client(daemon.socket());
  EXPECT_EQ(refusal_of([&] { client.exec("web", {}); }).kind(), Kind::kConflict);
  EXPECT_THAT(refusal_of([&] { client.exec("web", {}); }).what(),
              StrEq("exec in container web: no program"));
}

TEST(DockerClient, NothingWaitsLongerThanItsDeadline) {
  const ScriptedDaemon daemon(
      {{.hold = true}, {.answer = "HTTP/1.1 200 OK\r\n\r\n", .hold = true}});
  const DockerClient client(daemon.socket(), 50ms);
  const Error silent = refusal_of([&] { client.version(); });
  EXPECT_EQ(silent.kind(), Kind::kTimeout);
  EXPECT_THAT(silent.what(), HasSubstr("ask the daemon's version: GET /version: nothing within"));
  EXPECT_EQ(refusal_of([&] { client.wait("web", 50ms); }).kind(), Kind::kTimeout);
}

TEST(DockerClient, ADaemonThatHangsUpIsNoAnswer) {
  const ScriptedDaemon daemon({{""},
                               {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"},
                               {"SSH-2.0-OpenSSH\r\n\r\n"},
                               {http_answer(kOk, "no JSON")}});
  const DockerClient client(daemon.socket());
  EXPECT_EQ(refusal_of([&] { client.info(); }).kind(), Kind::kUnavailable);
  EXPECT_EQ(refusal_of([&] { client.info(); }).kind(), Kind::kUnavailable);
  EXPECT_EQ(refusal_of([&] { client.info(); }).kind(), Kind::kInvalidArgument);
  EXPECT_THAT(refusal_of([&] { client.create_network("{}"); }).what(), HasSubstr("no JSON"));
}

TEST(DockerClient, NamesASocketThatIsNotThere) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const Error failure = refusal_of([&] { DockerClient(dir.path() / "none").ping(); });
  EXPECT_EQ(failure.kind(), Kind::kNotFound);
  EXPECT_THAT(failure.what(), HasSubstr((dir.path() / "none").native()));
  write_file_atomically(dir.path() / "plain", "");
  EXPECT_EQ(refusal_of([&] { DockerClient(dir.path() / "plain").ping(); }).kind(),
            Kind::kUnavailable);
}

// The status of a load comes before its errors do.
TEST(DockerClient, ALoadThatFailsLateIsAnError) {
  const TempDir dir(std::filesystem::temp_directory_path());
  write_file_atomically(dir.path() / "image.tar", "the archive");
  const ScriptedDaemon daemon(
      {{http_answer(kOk, "{\"stream\":\"Loaded image: x:1\\n\"}\n")},
       {http_answer(kOk, "{\"status\":\"Loading\"}\n{\"error\":\"invalid tar header\"}\n")}});
  const DockerClient client(daemon.socket());
  EXPECT_THAT(client.load_image(dir.path() / "image.tar"), HasSubstr("Loaded image: x:1"));
  EXPECT_THAT(daemon.requests()[0], AllOf(HasSubstr("Content-Type: application/x-tar\r\n"),
                                          HasSubstr("\r\n\r\nthe archive")));
  EXPECT_THAT(refusal_of([&] { client.load_image(dir.path() / "image.tar"); }).what(),
              HasSubstr("image.tar: invalid tar header"));
}

// The registry's refusal comes late, too; the credentials go with the request.
TEST(DockerClient, PullsWithCredentials) {
  const ScriptedDaemon daemon({{http_answer(kOk, "{\"status\":\"Pulling\"}\n")},
                               {http_answer(kOk, "{\"error\":\"manifest unknown\"}\n")}});
  const DockerClient client(daemon.socket());
  client.pull_image("127.0.0.1:5000/web", "1", R"({"username": "u?>"})");
  EXPECT_THAT(daemon.requests()[0],
              AllOf(StartsWith("POST /images/create?fromImage=127.0.0.1:5000/web&tag=1 "),
                    HasSubstr("X-Registry-Auth: eyJ1c2VybmFtZSI6ICJ1Pz4ifQ==\r\n")));
  EXPECT_THAT(refusal_of([&] { client.push_image("web", "2"); }).what(),
              StrEq("push web:2: manifest unknown"));
  EXPECT_THAT(daemon.requests()[1], HasSubstr("X-Registry-Auth: e30=\r\n"));
}

TEST(UrlEscape, LeavesNamesOfImagesReadable) {
  EXPECT_EQ(url_escaped("docker.io/library/busybox:1.0"), "docker.io/library/busybox:1.0");
  EXPECT_EQ(url_escaped("a b&c=d?e#f\xc3\xa9"), "a%20b%26c%3Dd%3Fe%23f%C3%A9");
}

}  // namespace
}  // namespace seatrial::harness
