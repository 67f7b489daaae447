#include "harness/catalogue/catalogue.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StrEq;

std::string one_clause(std::string_view members) {
  return R"({"specification": "runtime", "version": "1.3.0", "document": "runtime.md",
             "clauses": [)" +
         std::string(members) + "]}";
}

constexpr std::string_view kGood =
    R"({"id": "runtime/state/id", "level": "MUST", "section": "State", "anchor": "runtimeState",
        "line": 13, "since": "1.0.0", "until": "1.1.0", "on": "runtime", "text": "It has an id."})";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(kGood);
  text.replace(text.find(from), from.size(), to);
  return one_clause(text);
}

std::string complaint(std::string_view text) {
  try {
    const Catalogue catalogue({{"f.json", text}});
  } catch (const Error& failure) {
    return failure.what();
  }
  return "nothing was thrown";
}

// Loading checks every clause: level, version, owner, unique id, and that `via` exists.
TEST(Catalogue, ShippedDataIsLegal) {
  const Catalogue& catalogue = Catalogue::shipped();
  EXPECT_GT(catalogue.size(), 1000u);
  std::size_t in_sections = 0;
  for (const Section& section : catalogue.sections()) in_sections += section.clauses.size();
  EXPECT_EQ(in_sections, catalogue.size());
}

TEST(Catalogue, FindsByIdAndKnowsWhichLevelsBind) {
  const std::string should = [] {
    std::string text(kGood);
    text.replace(text.find("state/id"), 8, "state/x");
    return text.replace(text.find("MUST"), 4, "SHOULD");
  }();
  const std::string text = one_clause(std::string(kGood) + "," + should);
  const Catalogue catalogue({{"f.json", text}});
  ASSERT_NE(catalogue.find("runtime/state/id"), nullptr);
  EXPECT_TRUE(catalogue.find("runtime/state/id")->binding());
  EXPECT_FALSE(catalogue.find("runtime/state/x")->binding());
  EXPECT_EQ(catalogue.find("runtime/state"), nullptr);
}

TEST(Catalogue, AppliesFromSinceToUntilInclusive) {
  const std::string text = one_clause(kGood);
  const Catalogue catalogue({{"f.json", text}});
  const Clause& clause = *catalogue.find("runtime/state/id");
  EXPECT_FALSE(clause.applies_to(Version("1.0.0-rc1")));
  EXPECT_TRUE(clause.applies_to(Version("1.0.0")));
  EXPECT_TRUE(clause.applies_to(Version("1.1.0")));
  EXPECT_FALSE(clause.applies_to(Version("1.2.0")));
}

TEST(Catalogue, SectionsFollowTheDocuments) {
  const auto& sections = Catalogue::shipped().sections();
  const auto at = [&](std::string_view document, std::string_view title) {
    for (std::size_t i = 0; i < sections.size(); ++i) {
      if (sections[i].document == document && sections[i].title == title) return i;
    }
    ADD_FAILURE() << "no section " << document << " " << title;
    return sections.size();
  };
  EXPECT_LT(at("runtime.md", "State"), at("runtime.md", "Lifecycle"));
  EXPECT_LT(at("runtime.md", "Lifecycle"), at("config.md", "Root"));
  EXPECT_LT(at("config.md", "Root"), at("config.md", "Process"));
}

// Two specifications have a config.md, and each keeps its own sections.
TEST(Catalogue, SpecificationsStayApart) {
  const Catalogue& catalogue = Catalogue::shipped();
  EXPECT_THAT(catalogue.specifications(),
              ElementsAre("runtime", "image", "distribution", "docker", "security"));
  std::set<std::string> places;
  for (const Section& section : catalogue.sections()) {
    if (section.document == "config.md") places.insert(section.place());
    for (const Clause* clause : section.clauses) {
      EXPECT_EQ(clause->place(), section.place()) << clause->id;
    }
  }
  EXPECT_THAT(places, ElementsAre("image/config.md", "runtime/config.md"));
}

// Where the data has no lines, its own order is the document's.
TEST(Catalogue, OrderOfTheDataStandsInForLines) {
  const auto clause = [](std::string_view id, std::string_view section) {
    return fmt::format(R"({{"id": "image/{}", "level": "DOCUMENTED", "section": "{}",
        "anchor": "a", "since": "1.0.0", "on": "image", "text": "t"}})",
                       id, section);
  };
  const std::string text =
      R"({"specification": "image", "version": "1.1.1", "document": "x.md", "clauses": [)" +
      clause("z", "Second") + "," + clause("b", "First") + "," + clause("a", "Second") + "]}";
  const Catalogue catalogue({{"f.json", text}});
  ASSERT_EQ(catalogue.sections().size(), 2u);
  EXPECT_EQ(catalogue.sections()[0].title, "Second");
  EXPECT_EQ(catalogue.sections()[0].clauses[0]->id, "image/z");
  EXPECT_EQ(catalogue.sections()[0].clauses[1]->id, "image/a");
  EXPECT_FALSE(catalogue.find("image/a")->binding());
}

TEST(Catalogue, NamesFileAndPathOfAnIllegalClause) {
  EXPECT_THAT(complaint(one_clause(kGood)), StrEq("nothing was thrown"));
  EXPECT_THAT(complaint(replaced("\"MUST\"", "\"MUSTN'T\"")),
              HasSubstr("f.json: clauses[0].level is \"MUSTN'T\""));
  EXPECT_THAT(complaint(replaced("runtime/state", "image/state")),
              StrEq("f.json: clauses[0].id must start with \"runtime/\""));
  EXPECT_THAT(complaint(replaced("\"since\": \"1.0.0\", ", "")),
              StrEq("f.json: clauses[0] lacks \"since\""));
  EXPECT_THAT(complaint(replaced("\"1.1.0\"", "\"0.9\"")),
              StrEq("f.json: clauses[0].until must not come before \"since\""));
  EXPECT_THAT(complaint(replaced("\"1.1.0\"", "\"soon\"")),
              HasSubstr("clauses[0].until must be a version"));
  EXPECT_THAT(complaint(replaced("It has an id.", "")),
              StrEq("f.json: clauses[0].text must not be empty"));
  EXPECT_THAT(complaint(replaced("\"line\"", "\"lines\"")), HasSubstr("unknown member \"lines\""));
  EXPECT_THAT(complaint(replaced("\"on\": \"runtime\"", "\"on\": \"nobody\"")),
              HasSubstr("clauses[0].on must be"));
  EXPECT_THAT(complaint(replaced("\"line\": 13", "\"line\": 13, \"via\": \"runtime/nowhere\"")),
              HasSubstr("binds via runtime/nowhere"));
}

TEST(Catalogue, RefusesARepeatedId) {
  EXPECT_THAT(complaint(one_clause(std::string(kGood) + "," + std::string(kGood))),
              StrEq("f.json: clauses[1].id repeats \"runtime/state/id\""));
}

}  // namespace
}  // namespace seatrial::harness
