#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "harness/target/oci_target.h"
#include "harness/target/target.h"

namespace seatrial::harness {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal_of(const std::string& spec) {
  try {
    parse_target(spec);
  } catch (const Error& failure) {
    return failure.what();
  }
  return "accepted";
}

TEST(ParseTarget, TakesTheReferenceAPathAndAName) {
  EXPECT_EQ(parse_target("reference").form, TargetSpec::Form::kReference);
  EXPECT_EQ(parse_target("oci:/bin/true").program, "/bin/true");
  EXPECT_EQ(parse_target("oci:true").program.filename(), "true");
  EXPECT_TRUE(parse_target("oci:true").program.is_absolute());
}

TEST(ParseTarget, KnowsModes) {
  EXPECT_EQ(parse_target("reference").mode, Mode::kRoot);
  EXPECT_EQ(parse_target("reference+sandboxed").mode, Mode::kSandboxed);
  EXPECT_EQ(parse_target("reference+rootless").mode, Mode::kRootless);
  EXPECT_EQ(parse_target("oci:/bin/true+userns").mode, Mode::kUserns);
  EXPECT_EQ(parse_target("oci:/bin/true+userns").program, "/bin/true");
}

TEST(ParseTarget, TakesOneModeThatItKnows) {
  EXPECT_EQ(refusal_of("reference+userns+sandboxed"),
            "target \"reference+userns+sandboxed\" names two modes, +userns and +sandboxed: one of "
            "+sandboxed, +userns and +rootless may end a target");
  EXPECT_EQ(refusal_of("reference+foo"),
            "target \"reference+foo\": +foo is no mode: one of +sandboxed, +userns and +rootless "
            "may end a target");
  EXPECT_THAT(refusal_of("oci:true+foo"),
              AllOf(HasSubstr("oci:true+foo"), HasSubstr("nor is +foo a mode")));
  EXPECT_THAT(refusal_of("oci:/bin/true+foo"), HasSubstr("nor is +foo a mode"));
  EXPECT_THAT(refusal_of("oci:/opt/g++/runc"), Not(HasSubstr("a mode")));
}

TEST(ParseTarget, SaysWhatWouldBeRight) {
  EXPECT_THAT(refusal_of("runc"), AllOf(HasSubstr("\"runc\""), HasSubstr("oci:NAME")));
  EXPECT_THAT(refusal_of("oci:"), HasSubstr("names no program"));
  EXPECT_THAT(refusal_of("oci:/nope"), HasSubstr("/nope is no program"));
  EXPECT_THAT(refusal_of("oci:/etc"), HasSubstr("/etc is no program"));
  EXPECT_THAT(refusal_of("oci:no-such-runtime"), HasSubstr("in PATH"));
  EXPECT_THAT(refusal_of("docker:/nonexistent/docker.sock"), HasSubstr("is no socket"));
  EXPECT_THAT(refusal_of("registry:http://x"), HasSubstr("other suites"));
}

TEST(VersionText, IsReadFromEveryRuntime) {
  const RuntimeVersion runc = parse_version_text(
      "runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\ngo: go1.19.8\n");
  EXPECT_EQ(runc.name, "runc");
  EXPECT_EQ(runc.version, "1.1.5+ds1");
  EXPECT_EQ(runc.oci_version, "1.0.2");
  const RuntimeVersion crun = parse_version_text("crun version 1.8.1\nspec: 1.0.0\n+SYSTEMD\n");
  EXPECT_EQ(crun.oci_version, "1.0.0");
}

TEST(VersionText, QuotesWhatIsNone) {
  try {
    parse_version_text("hello\n");
    FAIL() << "accepted";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("hello"));
  }
}

TEST(TheLog, IsReducedToItsMessages) {
  EXPECT_EQ(messages_of_log("{\"level\":\"warning\",\"msg\":\"odd\"}\n"
                            "{\"level\":\"error\",\"msg\":\"no \\\"x\\\"\",\"time\":\"now\"}\n"),
            "warning: odd\nno \"x\"");
  EXPECT_EQ(messages_of_log("plain text\n{\"msg\":7}"), "plain text\n{\"msg\":7}");
  EXPECT_EQ(messages_of_log(""), "");
}

}  // namespace
}  // namespace seatrial::harness
