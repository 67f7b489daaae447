// TRIAL: one conformance case, known with its clauses and needs before anything runs.
//
//   TRIAL(MaskedPaths, HideFileContentFromContainerRoot,
//         Clauses{"runtime/linux/masked-paths"}, Needs{Feature::kMaskedPaths}) {
//     ... arrange, one act, expect ...
//   }
//
// Clauses come first and there is at least one; Needs{...} and Deadline{30s} may follow. The class
// `Trial` in scope is the fixture (harness/fixtures/trial_fixture.h gives suites theirs).
//
// TRIAL_TABLE: one case per row of a table, each with its own name and clauses.
//
//   struct Row { std::string name; Clauses clauses; std::string option; };  // needs, deadline: may
//   const Row kOptions[] = {{"Ro", {"runtime/mount-options/ro"}, "ro"}, ...};
//   TRIAL_TABLE(MountOptions, kOptions) { ... row().option ... }
//
// makes MountOptions.Ro and so on. The table must be defined above, in the same file.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "harness/core/feature.h"
#include "harness/core/result.h"

namespace seatrial::harness {

// Catalogue ids of the sentences that a case holds the engine to. Never empty.
struct Clauses {
  template <typename... More>
  Clauses(const char* first, More... more) : ids{first, more...} {}  // NOLINT: rows list them bare
  Clauses() = delete;

  std::vector<std::string> ids;
};

struct Needs {
  Needs() = default;
  Needs(std::initializer_list<Feature> list) : features(list) {}

  std::vector<Feature> features;
};

// How long the whole case may take. Without one: 15 s.
struct Deadline {
  std::chrono::milliseconds time{15000};
};

// The fixture's base. Turns what leaves constructor and body into verdicts: an EngineFailure is a
// failure at its line, a Lack that leaves the body a case that does not apply, JSON that cannot be
// parsed or lacks what the body reads a failure of the case, any other exception an error of the
// harness.
class TrialBase : public ::testing::Test {
 public:
  // Set when an exception that is not the engine's left the case that ran.
  static const std::optional<std::string>& harness_error();
  // Set when the case that ran found that what it is about cannot be had here
  // (harness/core/lack.h).
  static const std::optional<std::string>& lack();

 private:
  void TestBody() final;
  virtual void trial_body() = 0;
};

// Every case of this program, in order of registration.
const std::vector<CaseInfo>& registered_cases();

// What is wrong with the registered cases: unknown clauses, two cases of one name. One sentence
// each.
std::vector<std::string> check_registered_cases();

namespace trial_registration {

void add(CaseInfo info);

// To be called while what a case's body threw is handled.
void body_threw();

// The same for a fixture's constructor: GoogleTest does not run the case then.
void constructor_threw();

template <typename Make>
auto construct(Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const std::exception&) {
    constructor_threw();
    return nullptr;
  }
}

inline void apply(CaseInfo& info, const Clauses& clauses) {
  info.clauses = clauses.ids;
}
inline void apply(CaseInfo& info, const Needs& needs) {
  for (const Feature feature : needs.features) info.needs.emplace_back(to_string(feature));
}
inline void apply(CaseInfo& info, const Deadline& deadline) {
  info.deadline = deadline.time;
}

struct Place {
  const char* file;
  int line;
};

template <typename Fixture, typename Factory>
void add_with_factory(CaseInfo info, const char* suite, const std::string& name, Place place,
                      Factory factory) {
  info.name.append(suite).append(".").append(name);
  info.file = place.file;
  info.line = place.line;
  add(std::move(info));
  ::testing::RegisterTest(suite, name.c_str(), nullptr, nullptr, place.file, place.line, factory);
}

template <typename Fixture, typename Case, typename... Traits>
bool add_case(const char* suite, const char* name, Place place, const Clauses& clauses,
              const Traits&... traits) {
  CaseInfo info;
  apply(info, clauses);
  (apply(info, traits), ...);
  add_with_factory<Fixture>(std::move(info), suite, name, place,
                            [] { return construct([]() -> Fixture* { return new Case; }); });
  return true;
}

template <typename Fixture, typename Case, typename Rows>
bool add_rows(const char* suite, Place place, const Rows& rows) {
  for (const auto& row : rows) {
    CaseInfo info;
    apply(info, row.clauses);
    if constexpr (requires { row.needs; }) apply(info, row.needs);
    if constexpr (requires { row.deadline; }) apply(info, row.deadline);
    add_with_factory<Fixture>(std::move(info), suite, std::string(row.name), place, [&row] {
      return construct([&row]() -> Fixture* { return new Case(row); });
    });
  }
  return true;
}

}  // namespace trial_registration
}  // namespace seatrial::harness

#define TRIAL(suite, name, ...)                                                         \
  namespace {                                                                           \
  class suite##_##name##_Trial : public Trial {                                         \
    void trial_body() override;                                                         \
  };                                                                                    \
  [[maybe_unused]] const bool suite##_##name##_added =                                  \
      ::seatrial::harness::trial_registration::add_case<Trial, suite##_##name##_Trial>( \
          #suite, #name, {__FILE__, __LINE__}, __VA_ARGS__);                            \
  }                                                                                     \
  void suite##_##name##_Trial::trial_body()

#define TRIAL_TABLE(suite, rows)                                                        \
  namespace {                                                                           \
  class suite##_##rows##_Trial : public Trial {                                         \
   public:                                                                              \
    using Row = std::remove_cvref_t<decltype(*std::begin(rows))>;                       \
    explicit suite##_##rows##_Trial(const Row& row) : row_(row) {}                      \
                                                                                        \
   private:                                                                             \
    void trial_body() override;                                                         \
    const Row& row() const {                                                            \
      return row_;                                                                      \
    }                                                                                   \
    const Row& row_;                                                                    \
  };                                                                                    \
  [[maybe_unused]] const bool suite##_##rows##_added =                                  \
      ::seatrial::harness::trial_registration::add_rows<Trial, suite##_##rows##_Trial>( \
          #suite, {__FILE__, __LINE__}, rows);                                          \
  }                                                                                     \
  void suite##_##rows##_Trial::trial_body()
