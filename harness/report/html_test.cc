#include "harness/report/html.h"

#include <gmock/gmock.h>

#include "harness/report/html_parts.h"
#include "harness/report/sample_report_test.h"

namespace seatrial::harness {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string sample() {
  return print_html(sample_report(), Catalogue::shipped());
}

TEST(Html, EscapesWhateverItIsGiven) {
  EXPECT_EQ(html::text("<a href=\"x\">'&\x1b"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\\x1b");
  Report report = sample_report();
  constexpr const char* kEvil = "\"'></pre><script>alert(1)</script>";
  for (CaseResult& result : report.results) {
    result.name = result.reason = result.captured_stdout = result.captured_stderr = kEvil;
    result.clauses = {kEvil};
    result.observations = {{kEvil, 1, kEvil}};
  }
  report.targets[1].name = report.targets[1].version = report.targets[1].oci_version = kEvil;
  report.host.kernel = report.host.os = kEvil;
  report.leftovers = {kEvil};
  const std::string page = print_html(report, Catalogue::shipped());
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  EXPECT_THAT(page, Not(HasSubstr("\"'>")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST(Html, NeedsNothingFromElsewhere) {
  const std::string page = sample();
  for (const char* outside : {"src=", "<link", "@import", "url(", "fetch(", "href=\"http"}) {
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  }
}

TEST(Html, EverythingThatDidNotPassHasItsDetail) {
  const std::string page = sample();
  for (std::size_t i = 0; i < 8; ++i) {
    const std::string anchor = "<details id=\"" + html::detail_id(i) + "\"";
    if (i < 2) {
      EXPECT_THAT(page, Not(HasSubstr(anchor)));
    } else {
      EXPECT_THAT(page, HasSubstr(anchor));
      EXPECT_THAT(page, HasSubstr("href=\"#" + html::detail_id(i) + "\""));
    }
  }
}

TEST(Html, TellsClauseObservationAndCommand) {
  const std::string page = sample();
  EXPECT_THAT(page, HasSubstr("<code>runtime/state/id</code>"));
  EXPECT_THAT(page, HasSubstr("suites/state.cc:12\nValue of: id"));
  EXPECT_THAT(page, HasSubstr("--suite runtime --case State.TellsId"));
}

}  // namespace
}  // namespace seatrial::harness
