#include "engine/cli/template.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/cli/cli_fixture.h"

namespace seatrial::engine_cli {
namespace {

const nlohmann::json kValue = nlohmann::json::parse(R"({
  "Name": "/a", "N": 3, "On": true, "Off": false, "None": null, "List": ["x", "y"],
  "Config": {"Labels": {"k.a": "v"}},
  "Nets": {"bridge": {"IP": "10.0.0.2"}, "other": {"IP": "10.0.0.3"}}})");

TEST(Template, Renders) {
  const std::pair<const char*, const char*> kRendered[] = {
      {".", "."},
      {"{{.Name}} {{ .N }} {{.On}}", "/a 3 true"},
      {"{{json .List}}", "[\"x\",\"y\"]"},
      {"{{.List | json}}", "[\"x\",\"y\"]"},
      {"{{.List}}", "[x y]"},
      {"{{.None}}", "<no value>"},
      {"{{index .Config.Labels \"k.a\"}}", "v"},
      {"{{index .Config.Labels \"none\"}}", ""},
      {"{{index .List 1}}", "y"},
      {"{{len .List}}", "2"},
      {"{{join .List \", \"}}", "x, y"},
      {"{{.Name | upper}}", "/A"},
      {"{{range .Nets}}{{.IP}} {{end}}", "10.0.0.2 10.0.0.3 "},
      {"{{range .List}}{{println .}}{{end}}", "x\ny\n"},
      {"{{if .Off}}a{{else}}b{{end}}", "b"},
      {"{{if .On}}a{{range .List}}{{.}}{{end}}{{else}}b{{end}}", "axy"},
      {"{{with .Config}}{{json .Labels}}{{end}}", "{\"k.a\":\"v\"}"},
      {"{{if not .Off}}x{{end}}", "x"},
  };
  for (const auto& [text, result] : kRendered) EXPECT_EQ(render(text, kValue), result) << text;
}

TEST(Template, RefusesInOneSentence) {
  for (const char* text : {"{{.Name", "{{.Nope}}", "{{frob .Name}}", "{{if .On}}", "{{end}}",
                           "{{index .List 9}}", "{{.Name.X}}", "{{\"a}}", "{{}}", "{{json}}"}) {
    EXPECT_NE(refusal_of([&] { render(text, kValue); }), "(it was taken)") << text;
  }
  EXPECT_EQ(unescaped("a\\tb\\nc\\d"), "a\tb\nc\\d");
}

}  // namespace
}  // namespace seatrial::engine_cli
