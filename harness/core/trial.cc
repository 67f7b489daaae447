#include "harness/core/trial.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "harness/catalogue/catalogue.h"
#include "harness/core/engine_failure.h"
#include "harness/core/lack.h"

namespace seatrial::harness {
namespace {

// Cases register before main(), from many files: a function's static is there in time.
std::vector<CaseInfo>& cases() {
  static std::vector<CaseInfo> all;
  return all;
}

std::optional<std::string>& error_of_the_harness() {
  static std::optional<std::string> text;
  return text;
}

std::optional<std::string>& what_is_lacking() {
  static std::optional<std::string> text;
  return text;
}

}  // namespace

const std::optional<std::string>& TrialBase::harness_error() {
  return error_of_the_harness();
}

const std::optional<std::string>& TrialBase::lack() {
  return what_is_lacking();
}

void TrialBase::TestBody() {
  error_of_the_harness().reset();
  what_is_lacking().reset();
  try {
    trial_body();
  } catch (const std::exception&) {
    trial_registration::body_threw();
  }
}

void trial_registration::body_threw() {
  try {
    throw;
  } catch (const EngineFailure& failure) {
    ADD_FAILURE_AT(failure.where().file_name(), static_cast<int>(failure.where().line()))
        << failure.what();
  } catch (const Lack& lack) {
    what_is_lacking() = lack.what();
  } catch (const nlohmann::json::exception& failure) {
    // The JSON that a case does not know beforehand is the engine's.
    const ::testing::TestInfo& info = *::testing::UnitTest::GetInstance()->current_test_info();
    ADD_FAILURE_AT(info.file(), info.line())
        << "a document of the engine's is not as it must be: " << failure.what();
  } catch (const std::exception& failure) {
    error_of_the_harness() = failure.what();
  }
}

void trial_registration::constructor_threw() {
  error_of_the_harness().reset();
  try {
    throw;
  } catch (const EngineFailure& failure) {
    GTEST_FAIL_AT(failure.where().file_name(), static_cast<int>(failure.where().line()))
        << failure.what();
  } catch (const std::exception& failure) {
    error_of_the_harness() = failure.what();
    GTEST_FAIL() << failure.what();
  }
}

const std::vector<CaseInfo>& registered_cases() {
  return cases();
}

std::vector<std::string> check_registered_cases() {
  std::vector<std::string> complaints;
  std::set<std::string> names;
  for (const CaseInfo& info : cases()) {
    const std::string where = fmt::format("{}:{}: {}", info.file, info.line, info.name);
    if (!names.insert(info.name).second) {
      complaints.push_back(where + " has the name of another case");
    }
    for (const std::string& id : info.clauses) {
      if (Catalogue::shipped().find(id) == nullptr) {
        complaints.push_back(
            fmt::format("{} names the clause {}, which the catalogue lacks", where, id));
      }
    }
  }
  return complaints;
}

namespace trial_registration {

void add(CaseInfo info) {
  cases().push_back(std::move(info));
}

}  // namespace trial_registration
}  // namespace seatrial::harness
