// The bytes are those that protobuf's own Python library writes and reads for the messages of
// Debian's CRIU 3.17.1 (pycriu/rpc_pb2.py).
#include "engine/runtime/criu_rpc.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::runtime::criu {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

TEST(CriuRpc, PrintsADumpAsProtobufDoes) {
  EXPECT_EQ(print_request(RequestType::kDump,
                          {.images = 5, .pid = 300, .log_file = "d.log", .leave_running = true}),
            "\x08\x01\x12\x18\x08\x05\x10\xac\x02\x18\x01H\x04R\x05"
            "d.log`\x01\xc0\x01\x01\x90\x02\x03"s);
}

TEST(CriuRpc, PrintsEveryOptionAsProtobufDoes) {
  Options options{.images = 5, .work = 6, .root = "/r", .cgroups = CgroupMode::kIgnore};
  options.config_file = "/c";
  options.parent_images = "../p";
  options.freeze_cgroup = "/z";
  options.empty_namespaces = 0x40000000;
  options.page_server = "127.0.0.1";
  options.page_server_port = 27;
  options.lsm_profile = "apparmor:p";
  options.lsm_mount_context = "ctx";
  options.external_unix_sockets = options.established_tcp = options.skip_tcp_in_flight = true;
  options.evasive_devices = options.shell_job = options.file_locks = true;
  options.track_memory = options.auto_dedup = options.link_remap = true;
  options.restore_sibling = options.orphan_terminals = true;
  options.external_mounts = {{"/a", "/b"}};
  options.externals = {"net[7]:x"};
  options.inherited = {{.key = "pipe:[1]", .fd = 2}};
  options.cgroup_roots = {{"", "/c"}};
  options.joined_namespaces = {{"ipc", "/f"}};
  EXPECT_EQ(print_request(RequestType::kRestore, options),
            "\x08\x02\x12\xa1\x01\x08\x05 \x01(\x01"
            "0\x01"
            "8\x01@\x01H\x04Z\r\n\t127.0.0.1\x10\x1b`\x01j\x02/rr\x04../px\x01\x80\x01\x01\x88\x01"
            "\x06\x90\x01\x01\xba\x01\x08\n\x02/a\x12\x02/b\xc0\x01\x01\xca\x01\x06\n\x00\x12\x02"
            "/c\xd0\x01\x01\xda\x01\x0c\n\x08pipe:[1]\x10\x02\x90\x02\x00\xaa\x02\x08net[7]:x\xb0"
            "\x02\x80\x80\x80\x80\x04\xba\x02\t\n\x03ipc\x12\x02/f\xe2\x02\x02/z\xf0\x02\x01\x90"
            "\x03\x01\x9a\x03\x02/c\xaa\x03\napparmor:p\xfa\x03\x03"
            "ctx"s);
}

TEST(CriuRpc, PrintsThatPagesAreLazy) {
  EXPECT_THAT(print_request(RequestType::kDump, {.lazy_pages = true}), HasSubstr("\x80\x03\x01"s));
  EXPECT_THAT(print_request(RequestType::kDump, {}), Not(HasSubstr("\x80\x03\x01"s)));
}

TEST(CriuRpc, PrintsTheAnswerToANotification) {
  EXPECT_EQ(print_answer(true), "\x08\x06\x18\x01"s);
  EXPECT_EQ(print_answer(false), "\x08\x06\x18\x00"s);
}

TEST(CriuRpc, ReadsNotificationsAndResponses) {
  const Response script = parse_response("\x08\x06\x10\x01*\x11\n\x0cpost-restore\x10\x92!"s);
  EXPECT_EQ(script.type, RequestType::kNotify);
  EXPECT_TRUE(script.success);
  EXPECT_EQ(script.script, "post-restore");
  EXPECT_EQ(script.pid, 4242);
  const Response restored = parse_response("\x08\x02\x10\x01\"\x03\x08\x92!"s);
  EXPECT_EQ(restored.type, RequestType::kRestore);
  EXPECT_EQ(restored.pid, 4242);
  const Response failed = parse_response(
      "\x08\x01\x10\x00"
      "8\x03J\x0cno such task"s);
  EXPECT_FALSE(failed.success);
  EXPECT_EQ(failed.sys_errno, 3);
  EXPECT_EQ(failed.message, "no such task");
}

TEST(CriuRpc, SkipsWhatItDoesNotKnow) {
  const Response response = parse_response(
      "\x08\x01\x10\x01\x99\x01"
      "12345678\x9d\x01"
      "1234\xa2\x01\x02xy\xa8\x01\x07"s);
  EXPECT_TRUE(response.success);
}

TEST(CriuRpc, RefusesBytesThatAreNoMessage) {
  for (const std::string& bytes : {"\x08"s, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
                                   "\x2a\x11\n\x0cpost"s, "\x0b\x01"s}) {
    EXPECT_THROW(parse_response(bytes), Error) << bytes.size();
  }
}

}  // namespace
}  // namespace seatrial::runtime::criu
