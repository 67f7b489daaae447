// What kernels once let a process do: past its filter, into its caller's terminal, into a page that
// it may only read.
#include <fmt/format.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/unique_fd.h"
#include "engine/sys/deadline.h"
#include "harness/core/deadline_scale.h"
#include "harness/core/lack.h"
#include "suites/security/regressions/regression_case.h"

namespace regressions {
namespace {

// A terminal of the harness' own whose input counts byte by byte.
class Terminal {
 public:
  Terminal() {
    int ends[2];
    if (::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) != 0) {
      throw seatrial::sys_error(errno, "make a terminal");
    }
    master_ = seatrial::UniqueFd(ends[0]);
    slave_ = seatrial::UniqueFd(ends[1]);
    termios raw{};  // what waits for the end of a line is not counted
    ::tcgetattr(slave(), &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave(), TCSANOW, &raw);
  }

  int slave() const { return slave_.get(); }
  int waiting() const {
    int count = -1;
    return ::ioctl(slave_.get(), FIONREAD, &count) == 0 ? count : -1;
  }
  // Returns when it has arrived.
  void type(std::string_view text) const {
    if (::write(master_.get(), text.data(), text.size()) < 0) {
      throw seatrial::sys_error(errno, "type at a terminal");
    }
    seatrial::sys::wait_readable(slave(), seatrial::sys::after(scaled(5s)));
  }

 private:
  seatrial::UniqueFd master_;
  seatrial::UniqueFd slave_;
};

}  // namespace

// Linux before 4.8 asked the filter before the tracer.
TRIAL(EditedCall, IsRefusedLikeAnyOther, Clauses{"security/ptrace-past-seccomp"},
      Needs{Feature::kSeccomp}) {
  const std::string number = std::to_string(SYS_getpgid);
  const Bundle open =
      Bundle::minimal().probe({"edit_call", number, "0"}).probe({"syscall", number});
  Bundle filtered = open;
  filtered.set_json("/linux/seccomp", R"({"defaultAction": "SCMP_ACT_ALLOW",
      "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
      "syscalls": [{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 55}]})");
  auto control = target().run(open);
  EXPECT_THAT(control.report().answer("edit_call"), HasField("result", 1)) << "the first process";
  auto box = target().run(filtered);
  EXPECT_THAT(box.report(), Failed("syscall", number, "ENOANO"));  // control: there is a filter
  EXPECT_THAT(box.report(), Failed("edit_call", number, "ENOANO"));
}

// The terminal that the runtime was called from is no controlling one inside, even where it is the
// program's standard input, and nothing can be typed at it from there.
TRIAL(CallersTerminal, TakesNoInputFromInside, Clauses{"security/tiocsti"}) {
  const Terminal terminal;
  auto box =
      target().try_create_with(Bundle::minimal().probe({"tty"}).probe({"tiocsti", "-", "whoami\n"}),
                               {.in = terminal.slave()});
  ASSERT_THAT(box, Succeeded());
  ASSERT_THAT(box.start(), Succeeded());
  EXPECT_TRUE(box.report().answer("tty").flag("stdin"));  // control: it has the terminal
  EXPECT_FALSE(box.report().answer("tty").flag("controlling"));
  EXPECT_EQ(box.report().answer("tty").number("terminal_device"), 0);
  EXPECT_THAT(box.report(), Failed("tiocsti", "-", AnyOf("EPERM", "EIO", "ENOTTY")));
  EXPECT_EQ(terminal.waiting(), 0);
  terminal.type("x");
  EXPECT_EQ(terminal.waiting(), 1);  // control: input is seen
}

// A terminal that was asked for is the container's own, and takes what is typed inside.
TRIAL(OwnTerminal, TakesInputFromInside, Clauses{"security/tiocsti"}, Needs{Feature::kTerminal}) {
  auto box = target().run(
      Bundle::minimal().terminal().probe({"tty"}).probe({"tiocsti", "-", "\n"}).probe({"hold"}));
  EXPECT_TRUE(box.report().answer("tty").flag("controlling"));
  if (box.report().answer("tiocsti").error() == "EIO") {
    throw Lack("this kernel lets nobody push input into a terminal (dev.tty.legacy_tiocsti)");
  }
  EXPECT_THAT(box.report(), Did("tiocsti", "-"));
}

// One page of the cache stands for the file in every container and on the host.
TRIAL(PageCache, KeepsWhatMayOnlyBeRead, Clauses{"security/page-cache"}) {
  const std::string writable = scratch_file("writable", "plain");
  const auto with = [&](Bundle bundle) {
    return bundle.bind(canary().file(), "/cargo", {"ro"}).bind(writable, "/open");
  };
  auto box = target().run(with(Bundle::minimal()
                                   .probe({"splice_over", "/cargo", "hit"})
                                   .probe({"open_write", "/cargo"})
                                   .probe({"read", "/cargo"})
                                   .probe({"write_text", "/open", "hit"})));
  const std::string secret = canary().secret() + "\n";
  EXPECT_THAT(box.report().answer("splice_over"), HasText("content", secret.substr(0, 1) + "hit"))
      << "the pipe: control";
  EXPECT_THAT(box.report(), Failed("open_write", "/cargo", "EROFS"));
  EXPECT_THAT(box.report(), Read("/cargo", secret));
  auto sibling =
      target().run(with(Bundle::minimal().probe({"read", "/cargo"}).probe({"read", "/open"})));
  EXPECT_THAT(sibling.report(), Read("/open", StartsWith("hit")));  // control: changes are seen
  EXPECT_THAT(sibling.report(), Read("/cargo", secret));
  EXPECT_EQ(seatrial::read_file(canary().file()), secret);
}

}  // namespace regressions
