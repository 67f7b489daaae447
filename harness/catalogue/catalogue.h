// The clauses of each specification as data: what a conforming engine owes, sentence by sentence.
//
// The data files lie in harness/catalogue/<specification>/*.json and are compiled into the program.
// A clause's text is our own paraphrase; document, anchor and line say where the specification
// states it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/catalogue/version.h"

namespace seatrial::harness {

// How strongly a clause binds, in the words of RFC 2119. kDocumented is a behaviour that is
// described without any of them, as in the reference of a program: whoever claims to be like it
// owes it.
enum class Level {
  kMust,
  kMustNot,
  kRequired,
  kShould,
  kShouldNot,
  kRecommended,
  kNotRecommended,
  kMay,
  kOptional,
  kDocumented,
};

std::string_view to_string(Level level);  // "MUST NOT"

struct Clause {
  std::string id;  // "runtime/linux/masked-paths"
  Level level = Level::kMust;
  std::string specification;  // "runtime", "image", "distribution", "docker", "security"
  std::string document;       // "config-linux.md"
  std::string section;        // "Masked Paths"
  std::string anchor;
  int line = 0;       // in that document; 0: the sentence no longer stands there
  std::string since;  // first version that has the clause
  std::string until;  // last version that has it; empty: it still holds
  std::string on;   // who owes it: "runtime", "configuration", "bundle", "caller", "specification",
                    // "image", "implementation", "registry", "client", "engine"
  std::string via;  // a plain sentence binds through this clause; mostly empty
  std::string note;
  std::string unobservable;  // why no black box can observe it; mostly empty
  std::string text;
  int order = 0;  // among the clauses of its file, which stand as in the document

  // MUST, MUST NOT and REQUIRED bind.
  bool binding() const { return level <= Level::kRequired; }
  bool advises() const { return level > Level::kRequired && level <= Level::kNotRecommended; }
  // "runtime/config-linux.md": several specifications have a config.md.
  std::string place() const { return specification + "/" + document; }
  // Whether a document of this version is held to the clause.
  bool applies_to(const Version& version) const;
};

struct Section {
  std::string specification;
  std::string document;
  std::string title;
  std::vector<const Clause*> clauses;  // in the order of the document

  std::string place() const { return specification + "/" + document; }
};

// Immutable, with unique ids.
class Catalogue {
 public:
  struct Source {
    std::string_view name;  // for messages
    std::string_view text;
  };

  // Throws Error{kInvalidArgument} naming the file and the JSON path of what is wrong.
  explicit Catalogue(const std::vector<Source>& sources);
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;
  ~Catalogue() = default;

  // The data compiled into this program; parsed at the first call.
  static const Catalogue& shipped();

  const Clause* find(std::string_view id) const;  // nullptr: no such clause
  // By specification, document and place in it.
  const std::vector<Section>& sections() const { return sections_; }
  // In the order of the sections.
  std::vector<std::string> specifications() const;
  std::size_t size() const { return clauses_.size(); }

 private:
  void read(const Source& source);
  void arrange();

  std::map<std::string, Clause, std::less<>>
      clauses_;  // nodes never move: sections_ points at them
  std::vector<Section> sections_;
};

}  // namespace seatrial::harness
