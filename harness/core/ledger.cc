#include "harness/core/ledger.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/catalogue/json_reader.h"

namespace seatrial::harness {

void write_ledger(const std::filesystem::path& file, const sentinel::Owned& owned) {
  const nlohmann::json document = {{"cgroup_parents", owned.cgroup_parents},
                                   {"state_root", owned.state_root.native()}};
  write_file_atomically(file, document.dump() + "\n");
}

sentinel::Owned read_ledger(const std::filesystem::path& file) {
  std::error_code absent;
  if (std::filesystem::file_size(file, absent) == 0 || absent) return {};
  const nlohmann::json document = JsonReader::parse(file.native(), read_file(file));
  const JsonReader reader(file.native(), document);
  return {.cgroup_parents = reader.at("cgroup_parents").texts(),
          .state_root = reader.text("state_root")};
}

}  // namespace seatrial::harness
