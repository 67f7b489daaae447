// What the program prints: log lines, tables, completions, the manual page, the version.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/oci/commands.h"
#include "engine/oci/log.h"
#include "engine/oci/shell_texts.h"
#include "engine/oci/tables.h"

namespace seatrial::oci {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(LogLine, IsWhatContainerdReads) {
  EXPECT_EQ(log_line(LogFormat::kJson, LogLevel::kError, "a \"bad\" thing", "2025-01-01T00:00:00Z"),
            "{\"level\":\"error\",\"msg\":\"a \\\"bad\\\" thing\","
            "\"time\":\"2025-01-01T00:00:00Z\"}\n");
  EXPECT_EQ(log_line(LogFormat::kText, LogLevel::kWarning, "careful", "T"), "T warning: careful\n");
}

// What docker's daemon and its shell command look for.
TEST(Sentence, HasTheKernelsWordsInSmallLetters) {
  EXPECT_EQ(sentence_of(sys_error(ENOENT, "open /No Such")),
            "open /No Such: ENOENT (no such file or directory)");
  EXPECT_EQ(sentence_of(sys_error(ENOTDIR, "bind /A")), "bind /A: ENOTDIR (not a directory)");
  EXPECT_EQ(sentence_of(sys_error(ENOENT, "exec: \"x\": executable file not found in $PATH")),
            "exec: \"x\": executable file not found in $PATH");
  EXPECT_EQ(sentence_of(error(Kind::kNotFound, "Not (There)")), "Not (There)");
  EXPECT_EQ(sentence_of(std::runtime_error("Other")), "Other");
}

TEST(Log, AppendsAndKeepsDebugToItself) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const auto path = dir.path() / "log";
  testing::internal::CaptureStderr();
  Log(path, LogFormat::kText, false).write(LogLevel::kDebug, "hidden");
  Log(path, LogFormat::kText, false).write(LogLevel::kError, "first");
  Log(path, LogFormat::kText, true).write(LogLevel::kDebug, "second");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "seatrial-runtime: first\n");
  EXPECT_THAT(read_file(path), MatchesRegex(".* error: first\n.* debug: second\n"));
}

TEST(Log, KeepsWarningsOffTheContainersStderr) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const auto path = dir.path() / "log";
  testing::internal::CaptureStderr();
  Log(path, LogFormat::kText, false).write(LogLevel::kWarning, "to the file");
  Log().write(LogLevel::kWarning, "without a file");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "seatrial-runtime: warning: without a file\n");
  EXPECT_THAT(read_file(path), MatchesRegex(".* warning: to the file\n"));
}

TEST(Version, HasTheThreeLinesThatGoRuncReads) {
  EXPECT_THAT(version_text(),
              MatchesRegex("seatrial-runtime version [0-9.]+\ncommit: .+\nspec: 1.3.0\n"));
}

TEST(Tables, ColumnsAreAsWideAsTheirContent) {
  const spec::State state{.oci_version = "1.3.0",
                          .id = "a-long-container-id",
                          .status = spec::Status::kRunning,
                          .pid = 42,
                          .bundle = "/b",
                          .rootfs = "/b/rootfs",
                          .created = "2025-01-01T00:00:00Z",
                          .owner = "#7",
                          .annotations = {}};
  EXPECT_EQ(states_table({state}),
            "ID                    PID   STATUS    BUNDLE   CREATED                OWNER\n"
            "a-long-container-id   42    running   /b       2025-01-01T00:00:00Z   #7\n");
  EXPECT_EQ(states_json({}), "[]\n");
  EXPECT_THAT(states_json({state, state}), StartsWith("[{"));
}

TEST(Tables, ProcessesAreFoundByTheirPidColumn) {
  const char* text =
      "UID        PID  PPID CMD\n"
      "root        42     1 a 43\n"
      "root        43    42 b\n"
      "root       142    42 c\n";
  EXPECT_EQ(only_processes(text, {42, 142}),
            "UID        PID  PPID CMD\nroot        42     1 a 43\nroot       142    42 c\n");
  EXPECT_THROW(only_processes("USER COMMAND\n", {1}), Error);
  EXPECT_EQ(pids_json({3, 5}), "[3,5]\n");
  EXPECT_EQ(pids_json({}), "[]\n");
}

TEST(ShellTexts, KnowEveryVerb) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string text = completion_text(shell);
    for (const Verb& verb : verbs()) EXPECT_THAT(text, HasSubstr(std::string(verb.name))) << shell;
  }
  EXPECT_THROW(completion_text("csh"), Error);
  EXPECT_THAT(man_text(), HasSubstr("\\-\\-preserve\\-fds"));
}

}  // namespace
}  // namespace seatrial::oci
