#include "harness/report/junit.h"

#include <gmock/gmock.h>
#include <tinyxml2.h>

#include <cstdlib>

#include "engine/base/files.h"
#include "harness/report/sample_report_test.h"

namespace seatrial::harness {
namespace {

using testing::HasSubstr;
using testing::StrEq;

std::vector<JunitFile> sample(JunitForm form) {
  return print_junit(sample_report(), Catalogue::shipped(), form);
}

// Whether xmllint accepts the text against the schema that strict readers hold files to.
bool valid(const std::string& text) {
  const TempDir dir(std::filesystem::temp_directory_path());
  write_file_atomically(dir.path() / "x.xml", text);
  const std::string command = "xmllint --noout --schema '" SEATRIAL_REPORT_TESTDATA
                              "/junit-strict.xsd' '" +
                              (dir.path() / "x.xml").native() + "' 2>&1";
  return std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c): a fixed command
}

class Parsed {
 public:
  explicit Parsed(const std::string& text) {
    EXPECT_EQ(document_.Parse(text.c_str(), text.size()), tinyxml2::XML_SUCCESS);
  }
  const tinyxml2::XMLElement& suite() const {
    return *document_.RootElement()->FirstChildElement("testsuite");
  }
  const tinyxml2::XMLElement* test_case(std::string_view name) const {
    const auto* element = suite().FirstChildElement("testcase");
    while (element != nullptr && element->Attribute("name") != name) {
      element = element->NextSiblingElement("testcase");
    }
    return element;
  }

 private:
  tinyxml2::XMLDocument document_;
};

TEST(Junit, OneFilePerTargetAndSuite) {
  const auto files = sample(JunitForm::kStrict);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].name, "TEST-seatrial-runtime.xml");
  EXPECT_EQ(files[1].name, "TEST-runc-runtime.xml");
}

TEST(Junit, TargetsOfOneNameKeepTheirOwnFiles) {
  Report report = sample_report();
  report.targets[0].name = "runc";
  const auto files = print_junit(report, Catalogue::shipped(), JunitForm::kStrict);
  EXPECT_EQ(files[0].name, "TEST-reference-runtime.xml");
  EXPECT_EQ(files[1].name, "TEST-oci__usr_sbin_runc-runtime.xml");
}

TEST(Junit, CountsAddUp) {
  const Parsed parsed(sample(JunitForm::kStrict)[1].text);
  EXPECT_THAT(parsed.suite().Attribute("tests"), StrEq("6"));
  EXPECT_THAT(parsed.suite().Attribute("failures"), StrEq("2"));
  EXPECT_THAT(parsed.suite().Attribute("errors"), StrEq("1"));
  EXPECT_THAT(parsed.suite().Attribute("skipped"), StrEq("3"));
  EXPECT_THAT(parsed.suite().Attribute("time"), StrEq("7.404"));
}

TEST(Junit, EachVerdictHasItsElement) {
  const Parsed parsed(sample(JunitForm::kStrict)[1].text);
  const auto message = [&](const char* name, const char* element) {
    const auto* found = parsed.test_case(name)->FirstChildElement(element);
    return found == nullptr ? "no such element" : found->Attribute("message");
  };
  EXPECT_THAT(message("TellsId", "failure"), StrEq("the id was \"<x>\" & not \"y\""));
  EXPECT_THAT(message("TellsBundle", "failure"), HasSubstr("passed, where"));
  EXPECT_THAT(message("TellsStatus", "error"), StrEq("killed by SIGSEGV"));
  EXPECT_THAT(message("TellsPid", "skipped"), StrEq("expected failure: known (https://e.org)"));
  EXPECT_THAT(message("ResolvesRelativePath", "skipped"), StrEq("needs a user namespace"));
  EXPECT_THAT(message("Odd", "skipped"), StrEq("not applicable: the kernel lacks it"));
}

TEST(Junit, AFailureTellsClauseObservationAndCommand) {
  const Parsed parsed(sample(JunitForm::kStrict)[1].text);
  const std::string text = parsed.test_case("TellsId")->FirstChildElement("failure")->GetText();
  EXPECT_THAT(text, HasSubstr("runtime/state/id (REQUIRED)"));
  EXPECT_THAT(text, HasSubstr("suites/state.cc:12\nValue of: id"));
  EXPECT_THAT(text, HasSubstr("seatrial conform --target oci:/usr/sbin/runc --suite runtime "
                              "--case State.TellsId"));
}

TEST(Junit, ShowsBytesThatXmlForbids) {
  const Parsed parsed(sample(JunitForm::kStrict)[1].text);
  EXPECT_THAT(parsed.test_case("TellsStatus")->FirstChildElement("system-out")->GetText(),
              StrEq("\\x00\\xff]]>\\x1b[31m red </system-out>"));
}

TEST(Junit, ClausesAreVisibleInTheStrictForm) {
  const std::string text = sample(JunitForm::kStrict)[1].text;
  EXPECT_THAT(text, HasSubstr("name=\"clauses:State.TellsId\" value=\"runtime/state/id\""));
  EXPECT_THAT(text, HasSubstr("group=\"runtime/state/id\""));
  EXPECT_THAT(text, HasSubstr("name=\"target.missing:lsm\" value=\"lsm: no AppArmor here\""));
  EXPECT_THAT(text, HasSubstr("classname=\"runtime.runc.State\" name=\"TellsId\""));
}

TEST(Junit, TheStrictFormKeepsTheSchemaAndTheExtendedOneDoesNot) {
  for (const JunitFile& file : sample(JunitForm::kStrict)) EXPECT_TRUE(valid(file.text));
  for (const JunitFile& file : sample(JunitForm::kExtended)) EXPECT_FALSE(valid(file.text));
}

TEST(Junit, TheExtendedFormAddsPropertiesAndTimestamps) {
  Report report = sample_report();
  report.results[0].started = std::chrono::system_clock::from_time_t(0) + std::chrono::days(1);
  const Parsed parsed(print_junit(report, Catalogue::shipped(), JunitForm::kExtended).front().text);
  const auto* element = parsed.test_case("TellsId");
  EXPECT_THAT(element->Attribute("timestamp"), StrEq("1970-01-02T00:00:00Z"));
  const auto* property = element->FirstChildElement("properties")->LastChildElement("property");
  EXPECT_THAT(property->Attribute("name"), StrEq("clause"));
  EXPECT_THAT(property->Attribute("value"), StrEq("runtime/state/id"));
  EXPECT_EQ(parsed.test_case("ResolvesRelativePath")->Attribute("timestamp"), nullptr);
}

TEST(Junit, WritesIntoADirectoryThatItMakes) {
  const TempDir dir(std::filesystem::temp_directory_path());
  const auto target = dir.path() / "a" / "b";
  write_junit(sample_report(), Catalogue::shipped(), JunitForm::kStrict, target);
  EXPECT_THAT(read_file(target / "TEST-runc-runtime.xml"), HasSubstr("<testsuite "));
}

}  // namespace
}  // namespace seatrial::harness
