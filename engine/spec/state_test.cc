#include "engine/spec/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace seatrial::spec {
namespace {

using ::testing::HasSubstr;

State running() {
  return {.oci_version = "1.3.0",
          .id = "box",
          .status = Status::kRunning,
          .pid = 4242,
          .bundle = "/b\"undle",
          .rootfs = "/b/rootfs",
          .created = "2025-01-02T03:04:05.000000006Z",
          .owner = "root",
          .annotations = {{"a", "1"}, {"b", ""}}};
}

void expect_same(const State& left, const State& right) {
  EXPECT_EQ(left.oci_version, right.oci_version);
  EXPECT_EQ(left.id, right.id);
  EXPECT_EQ(left.status, right.status);
  EXPECT_EQ(left.pid, right.pid);
  EXPECT_EQ(left.bundle, right.bundle);
  EXPECT_EQ(left.rootfs, right.rootfs);
  EXPECT_EQ(left.created, right.created);
  EXPECT_EQ(left.owner, right.owner);
  EXPECT_EQ(left.annotations, right.annotations);
}

TEST(State, SpecifiedFormIsOneLineOfTheSpecificationsFields) {
  EXPECT_EQ(print_specified(running()),
            R"({"ociVersion":"1.3.0","id":"box","status":"running","pid":4242,)"
            R"("bundle":"/b\"undle","annotations":{"a":"1","b":""}})");
}

TEST(State, FormForCallersAddsWhatTheyRead) {
  EXPECT_EQ(print_state({.oci_version = "1.3.0",
                         .id = "box",
                         .status = Status::kStopped,
                         .bundle = "/b",
                         .rootfs = "/b/rootfs",
                         .created = "now",
                         .owner = "#7",
                         .annotations = {}}),
            "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"box\",\n  \"status\": \"stopped\",\n"
            "  \"pid\": 0,\n  \"bundle\": \"/b\",\n  \"rootfs\": \"/b/rootfs\",\n"
            "  \"created\": \"now\",\n  \"owner\": \"#7\"\n}\n");
}

TEST(State, OfAProcessNamesItsDescriptor) {
  const State state{.oci_version = "1.3.0",
                    .id = "a",
                    .status = Status::kCreating,
                    .pid = 5,
                    .bundle = "/b",
                    .annotations = {}};
  EXPECT_EQ(
      print_process_state(state, 7, "m\"n"),
      R"({"ociVersion":"1.3.0","fds":["seccompFd"],"pid":7,"metadata":"m\"n",)"
      R"("state":{"ociVersion":"1.3.0","id":"a","status":"creating","pid":5,"bundle":"/b"}})");
}

TEST(State, IsReadBackFromBothForms) {
  expect_same(parse_state(print_state(running())), running());
  State without_extras = running();
  without_extras.rootfs.clear();
  without_extras.created.clear();
  without_extras.owner.clear();
  expect_same(parse_state(print_specified(running())), without_extras);
}

TEST(State, EveryStatusLeadsBack) {
  for (const Status status :
       {Status::kCreating, Status::kCreated, Status::kRunning, Status::kStopped, Status::kPaused}) {
    State state = running();
    state.status = status;
    EXPECT_EQ(parse_state(print_state(state)).status, status);
  }
}

TEST(State, RefusesByPath) {
  const auto refusal = [](std::string_view json) -> std::string {
    try {
      parse_state(json);
      return {};
    } catch (const Error& failure) {
      EXPECT_EQ(failure.kind(), Kind::kInvalidArgument);
      return failure.what();
    }
  };
  EXPECT_EQ(refusal(R"({"ociVersion": "1", "id": "a", "status": "stopped", "bundle": "/b"})"), "");
  EXPECT_THAT(refusal("[]"), HasSubstr("state: an array is not an object"));
  EXPECT_THAT(refusal("{"), HasSubstr("state: line 1"));
  EXPECT_THAT(refusal("{}"), HasSubstr("state: ociVersion: is missing"));
  EXPECT_THAT(refusal(R"({"ociVersion": "1", "id": ""})"), HasSubstr("state: id: \"\" is empty"));
  EXPECT_THAT(refusal(R"({"ociVersion": "1", "id": "a", "status": "gone"})"),
              HasSubstr("state: status: \"gone\" is not a status"));
  EXPECT_THAT(refusal(R"({"ociVersion": "1", "id": "a", "status": "stopped", "pid": -1})"),
              HasSubstr("state: pid: -1 is not a whole number from 0 to 2147483647"));
  EXPECT_THAT(refusal(R"({"ociVersion": "1", "id": "a", "status": "stopped", "bundle": "b"})"),
              HasSubstr("state: bundle: \"b\" is not an absolute path"));
  EXPECT_THAT(refusal(R"({"ociVersion": "1", "id": "a", "status": "running", "bundle": "/b"})"),
              HasSubstr("state: pid: is missing; a running container has one"));
  EXPECT_THAT(refusal(R"({"ociVersion": "1", "id": "a", "status": "stopped", "bundle": "/b",
                          "annotations": {"x": 1}})"),
              HasSubstr("state: annotations.x: 1 is not a string"));
}

}  // namespace
}  // namespace seatrial::spec
