#include "harness/catalogue/catalogue.h"

#include <fmt/format.h>

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
constexpr std::array<std::string_view, 10> kLevels{
    "MUST",        "MUST NOT",        "REQUIRED", "SHOULD",   "SHOULD NOT",
    "RECOMMENDED", "NOT RECOMMENDED", "MAY",      "OPTIONAL", "DOCUMENTED"};

constexpr std::array<std::string_view, 10> kBound{
    "runtime", "configuration",  "bundle",   "caller", "specification",
    "image",   "implementation", "registry", "client", "engine"};

// The order in which a reader meets the specifications and their documents: as the tables of
// contents name them. What is not listed follows by name.
constexpr std::array<std::string_view, 29> kPlaces{
    "runtime/glossary.md",     "runtime/spec.md",          "runtime/bundle.md",
    "runtime/runtime.md",      "runtime/runtime-linux.md", "runtime/config.md",
    "runtime/config-linux.md", "runtime/features.md",      "runtime/features-linux.md",
    "image/media-types.md",    "image/descriptor.md",      "image/image-layout.md",
    "image/manifest.md",       "image/image-index.md",     "image/layer.md",
    "image/config.md",         "image/annotations.md",     "image/considerations.md",
    "distribution/spec.md",    "docker/cli/run",           "docker/cli/container",
    "docker/cli/image",        "docker/cli/network",       "docker/cli/volume",
    "docker/cli/system",       "docker/api/v1.41",         "security/isolation",
    "security/regressions",    "security/containment"};

Level level_of(const JsonReader& value) {
  const std::string name = value.text();
  const auto found = std::find(kLevels.begin(), kLevels.end(), name);
  if (found == kLevels.end()) {
    value.fail(fmt::format("is \"{}\", which is no level", name));
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
    reader.at("on").fail(fmt::format("must be one of {}", fmt::join(kBound, ", ")));
  }
  check_version(reader, "since");
  if (clause.until.empty()) return;
  check_version(reader, "until");
  if (Version(clause.until) < Version(clause.since)) {
    reader.at("until").fail("must not come before \"since\"");
  }
}

Clause parse_clause(const JsonReader& reader, std::string_view specification,
                    std::string_view document, int order) {
  reader.only({"id", "level", "section", "anchor", "line", "since", "until", "on", "via", "note",
               "unobservable", "text"});
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
                .unobservable = reader.text_or("unobservable", ""),
                .text = reader.text("text"),
                .order = order};
  check(clause, reader);
  return clause;
}

// Where a section stands among all: by document, then by its first line, then, where lines are not
// known, by where the data has it.
auto rank(const Section& section) {
  const auto listed = std::find(kPlaces.begin(), kPlaces.end(), section.place());
  int first = std::numeric_limits<int>::max();
  int order = std::numeric_limits<int>::max();
  for (const Clause* clause : section.clauses) {
    if (clause->line > 0) first = std::min(first, clause->line);
    order = std::min(order, clause->order);
  }
  return std::make_tuple(listed - kPlaces.begin(), section.specification, section.document, first,
                         order, section.title);
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

std::vector<std::string> Catalogue::specifications() const {
  std::vector<std::string> names;
  for (const Section& section : sections_) {
    if (std::find(names.begin(), names.end(), section.specification) == names.end()) {
      names.push_back(section.specification);
    }
  }
  return names;
}

void Catalogue::read(const Source& source) {
  const nlohmann::json document = JsonReader::parse(source.name, source.text);
  const JsonReader reader(source.name, document);
  reader.only({"specification", "version", "document", "clauses", "left_out"});
  const std::string specification = reader.text("specification");
  const std::string name = reader.text("document");
  int order = 0;
  for (const JsonReader& item : reader.at("clauses").items()) {
    Clause clause = parse_clause(item, specification, name, order++);
    const std::string id = clause.id;
    if (!clauses_.emplace(id, std::move(clause)).second) {
      item.at("id").fail(fmt::format("repeats \"{}\"", id));
    }
  }
}

void Catalogue::arrange() {
  std::map<std::pair<std::string, std::string>, Section> sections;
  for (const auto& [id, clause] : clauses_) {
    Section& section = sections[{clause.place(), clause.section}];
    section.specification = clause.specification;
    section.document = clause.document;
    section.title = clause.section;
    section.clauses.push_back(&clause);
  }
  for (auto& [key, section] : sections) {
    // Clauses whose sentence is gone (line 0) come last.
    std::sort(section.clauses.begin(), section.clauses.end(), [](const Clause* a, const Clause* b) {
      return std::tuple(a->line == 0, a->line, a->line == 0 ? a->order : 0, a->id) <
             std::tuple(b->line == 0, b->line, b->line == 0 ? b->order : 0, b->id);
    });
    sections_.push_back(std::move(section));
  }
  std::sort(sections_.begin(), sections_.end(),
            [](const Section& a, const Section& b) { return rank(a) < rank(b); });
}

}  // namespace seatrial::harness
