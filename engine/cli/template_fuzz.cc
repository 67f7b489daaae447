// Any bytes are a template that is rendered, or refused in one sentence.
#include "engine/cli/template.h"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seatrial;
  // One element in each list: loops within loops stay short.
  static const nlohmann::json document = nlohmann::json::parse(
      R"({"A": "text", "B": 3, "C": true, "D": null, "E": ["x"], "F": {"k": {"G": 0.5}}})");
  try {
    engine_cli::Template(std::string_view(reinterpret_cast<const char*>(data), size))
        .render(document, {.label = [](const std::string& key) { return key; }});
  } catch (const Error& failure) {
    if (failure.kind() != Kind::kInvalidArgument) std::abort();
  }
  return 0;
}
