#include "harness/catalogue/catalogue.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "engine/base/error.h"
#include "harness/catalogue/embedded.h"
#include "harness/catalogue/json_reader.h"

namespace seatrial::harness {

std::span<const EmbeddedFile> embedded_catalogue();  // generated from the data files

namespace {

// Indexed by Level.
constexpr std::array<std::string_view, 9> kLevels{
    "MUST",        "MUST NOT",        "REQUIRED", "SHOULD",  "SHOULD NOT",
    "RECOMMENDED", "NOT RECOMMENDED", "MAY",      "OPTIONAL"};

constexpr std::array<std::string_view, 5> kBound{"runtime", "configuration", "bundle", "caller",
                                                 "specification"};

// The order in which the runtime specification's table of contents names its documents.
// Documents of other specifications follow by name.
constexpr std::array<std::string_view, 9> kDocuments{
    "glossary.md", "spec.md",         "bundle.md",   "runtime.md",       "runtime-linux.md",
    "config.md",   "config-linux.md", "features.md", "features-linux.md"};

Level level_of(const JsonReader& value) {
  const std::string name = value.text();
  const auto found = std::find(kLevels.begin(), kLevels.end(), name);
  if (found == kLevels.end()) {
    value.fail(fmt::format("is \"{}\", which is no level of RFC 2119", name));
  }
  return static_cast<Level>(found - kLevels.begin());
}

void check_version(const JsonReader& clause, std::string_view key) {
  try {
    const Version version(clause.text(key));
  } catch (const Error& failure) {
    clause.at(key).fail(fmt::format("must be a version: {}", failure.what()));
  }
}

void check(const Clause& clause, const JsonReader& reader) {
  if (!clause.id.starts_with(clause.specification + "/")) {
    reader.at("id").fail(fmt::format("must start with \"{}/\"", clause.specification));
  }
  for (const std::string_view key : {"section", "anchor", "text"}) {
    if (reader.text(key).empty()) reader.at(key).fail("must not be empty");
  }
  if (std::find(kBound.begin(), kBound.end(), clause.on) == kBound.end()) {
    reader.at("on").fail("must be runtime, configuration, bundle, caller or specification");
  }
  check_version(reader, "since");
  if (clause.until.empty()) return;
  check_version(reader, "until");
  if (Version(clause.until) < Version(clause.since)) {
    reader.at("until").fail("must not come before \"since\"");
  }
}

Clause parse_clause(const JsonReader& reader, std::string_view specification,
                    std::string_view document) {
  reader.only(
      {"id", "level", "section", "anchor", "line", "since", "until", "on", "via", "note", "text"});
  Clause clause{.id = reader.text("id"),
                .level = level_of(reader.at("level")),
                .specification = std::string(specification),
                .document = std::string(document),
                .section = reader.text("section"),
                .anchor = reader.text("anchor"),
                .line = reader.has("line") ? static_cast<int>(reader.at("line").integer()) : 0,
                .since = reader.text("since"),
                .until = reader.text_or("until", ""),
                .on = reader.text("on"),
                .via = reader.text_or("via", ""),
                .note = reader.text_or("note", ""),
                .text = reader.text("text")};
  check(clause, reader);
  return clause;
}

// Where a section stands among all: by document, then by its first line.
auto place(const Section& section) {
  const auto rank = std::find(kDocuments.begin(), kDocuments.end(), section.document);
  int first = std::numeric_limits<int>::max();
  for (const Clause* clause : section.clauses) {
    if (clause->line > 0) first = std::min(first, clause->line);
  }
  return std::make_tuple(section.clauses.front()->specification, rank - kDocuments.begin(),
                         section.document, first, section.title);
}

}  // namespace

std::string_view to_string(Level level) {
  return kLevels.at(static_cast<std::size_t>(level));
}

bool Clause::applies_to(const Version& version) const {
  return Version(since) <= version && (until.empty() || version <= Version(until));
}

Catalogue::Catalogue(const std::vector<Source>& sources) {
  for (const Source& source : sources) read(source);
  arrange();
  for (const auto& [id, clause] : clauses_) {
    if (!clause.via.empty() && find(clause.via) == nullptr) {
      throw error(Kind::kInvalidArgument, "clause {} binds via {}, which is no clause", id,
                  clause.via);
    }
  }
}

const Catalogue& Catalogue::shipped() {
  static const Catalogue catalogue([] {
    std::vector<Source> sources;
    for (const EmbeddedFile& file : embedded_catalogue()) sources.push_back({file.name, file.text});
    return sources;
  }());
  return catalogue;
}

const Clause* Catalogue::find(std::string_view id) const {
  const auto found = clauses_.find(id);
  return found == clauses_.end() ? nullptr : &found->second;
}

void Catalogue::read(const Source& source) {
  const nlohmann::json document = JsonReader::parse(source.name, source.text);
  const JsonReader reader(source.name, document);
  reader.only({"specification", "version", "document", "clauses", "left_out"});
  const std::string specification = reader.text("specification");
  const std::string name = reader.text("document");
  for (const JsonReader& item : reader.at("clauses").items()) {
    Clause clause = parse_clause(item, specification, name);
    const std::string id = clause.id;
    if (!clauses_.emplace(id, std::move(clause)).second) {
      item.at("id").fail(fmt::format("repeats \"{}\"", id));
    }
  }
}

void Catalogue::arrange() {
  std::map<std::pair<std::string, std::string>, Section> sections;
  for (const auto& [id, clause] : clauses_) {
    Section& section = sections[{clause.document, clause.section}];
    section.document = clause.document;
    section.title = clause.section;
    section.clauses.push_back(&clause);
  }
  for (auto& [key, section] : sections) {
    // Clauses whose sentence is gone (line 0) come last.
    std::sort(section.clauses.begin(), section.clauses.end(), [](const Clause* a, const Clause* b) {
      return std::tuple(a->line == 0, a->line, a->id) < std::tuple(b->line == 0, b->line, b->id);
    });
    sections_.push_back(std::move(section));
  }
  std::sort(sections_.begin(), sections_.end(),
            [](const Section& a, const Section& b) { return place(a) < place(b); });
}

}  // namespace seatrial::harness
