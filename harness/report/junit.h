// The report as JUnit files, for Jenkins and its kin.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/catalogue/catalogue.h"
#include "harness/report/report.h"

namespace seatrial::harness {

enum class JunitForm {
  kStrict,    // what the schema of Jenkins' xUnit plugin (junit-10.xsd) accepts
  kExtended,  // also testcase properties and timestamps, for newer readers
};

struct JunitFile {
  std::string name;  // "TEST-runc-runtime.xml"
  std::string text;
};

// One file per target and suite that has results. <failure> is the engine (fail, xpass), <error>
// the harness, <skipped> what did not run or was expected to fail, each with its reason. The
// clauses of a case are its `group` and, for readers that drop unknown attributes, a property
// "clauses:Suite.Case" of the suite.
std::vector<JunitFile> print_junit(const Report& report, const Catalogue& catalogue,
                                   JunitForm form);

// Writes them into `dir`, which is made when absent.
void write_junit(const Report& report, const Catalogue& catalogue, JunitForm form,
                 const std::filesystem::path& dir);

}  // namespace seatrial::harness
