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
      {"{{.Config.Nope}}", "<no value>"},
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

// As the command line of docker 28 prints them.
TEST(Template, HasVariablesParenthesesAndTrimming) {
  const std::pair<const char*, const char*> kRendered[] = {
      {"{{$x := .Name}}{{$x}}", "/a"},
      {"{{$x := 1}}{{$x = 2}}{{$x}}", "2"},
      {"{{$n := .Nets}}{{$n.bridge.IP}} {{$.Name}}", "10.0.0.2 /a"},
      {"{{$x := 1}}{{if true}}{{$x := 2}}{{$x = 3}}{{end}}{{$x}}", "1"},
      {"{{range $i, $e := .List}}{{if $i}}, {{end}}{{$i}}={{$e}}{{end}}", "0=x, 1=y"},
      {"{{range $k, $v := .Nets}}{{$k}}:{{$v.IP}};{{end}}", "bridge:10.0.0.2;other:10.0.0.3;"},
      {"{{range $e := .List}}{{$e}}{{.}}{{end}}", "xxyy"},
      {"{{range .None}}a{{else}}b{{end}}", "b"},
      {"{{range .List}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}{{end}}", "x"},
      {"{{range .List}}{{if eq . \"x\"}}{{continue}}{{end}}{{.}}{{end}}", "y"},
      {"{{with .None}}a{{else}}b{{end}}", "b"},
      {"{{with $c := .Config}}{{len $c.Labels}}{{end}}", "1"},
      {"{{if .Off}}a{{else if .On}}b{{else}}c{{end}}", "b"},
      {"{{(index .Nets \"bridge\").IP}}", "10.0.0.2"},
      {"{{if and .On (gt (len .List) 1)}}many{{end}}", "many"},
      {"a {{- \" b \" -}} c", "a b c"},
      {"a {{- /* of no interest */ -}} b", "ab"},
      {"a{{/* of no interest */}}b", "ab"},
      {"{{\"}}\"}}{{`\\t`}}{{\"\\u00e9\"}}", "}}\\té"},
      {"{{-3}}", "-3"},
      {"{{1.5}} {{0x10}} {{true}}", "1.5 16 true"},
  };
  for (const auto& [text, result] : kRendered) EXPECT_EQ(render(text, kValue), result) << text;
}

TEST(Template, HasTheFunctionsOfGoAndOfDocker) {
  const std::pair<const char*, const char*> kRendered[] = {
      {"{{eq .N 3}} {{eq .Name \"b\" \"/a\"}} {{ne .N 3}}", "true true false"},
      {"{{lt .N 4}} {{le .N 3}} {{gt .N 3}} {{ge .N 3}}", "true true false true"},
      {"{{lt \"a\" \"b\"}}", "true"},
      {"{{or .Off .Name}} {{and .Off .Name}} {{or .On .None.X}}", "/a false true"},
      {"{{not .Off}}", "true"},
      {"{{slice .Name 1}}{{slice .List 0 1}}", "a[x]"},
      {"{{index .Nets \"none\"}}", "<no value>"},
      {"{{index (split \"a:b\" \":\") 1}}", "b"},
      {"{{title \"ab cd\"}} {{lower \"AB\"}} {{upper \"ab\"}}", "Ab Cd ab AB"},
      {"[{{pad \"a\" 1 2}}] {{truncate \"héllo\" 2}} {{truncate \"a\" 2}}", "[ a  ] hé a"},
      {"{{print 1 2 \"a\" 3}}|{{println 1 \"a\"}}", "1 2a3|1 a\n"},
      {"{{printf \"%s is %d, %q %v %t %5.1f%%\" .Name .N .Name .List .On 1.25}}",
       "/a is 3, \"/a\" [x y] true   1.2%"},
      {"{{printf \"[%-5s|%5s|%05d|%x|%.2s]\" \"a\" \"b\" 42 255 \"abc\"}}",
       "[a    |    b|00042|ff|ab]"},
      {"{{printf \"%d\" \"a\"}} {{printf \"%s\"}} {{printf \"a\" 1}}",
       "%!d(string=a) %!s(MISSING) a%!(EXTRA int=1)"},
      {"{{.Name | printf \"%s-%s\" \"x\"}}", "x-/a"},
      {"{{json .None}} {{.Nets}}", "null map[bridge:map[IP:10.0.0.2] other:map[IP:10.0.0.3]]"},
  };
  for (const auto& [text, result] : kRendered) EXPECT_EQ(render(text, kValue), result) << text;
}

TEST(Template, GivesLabelsAndLeavesHeadings) {
  const auto label = [](const std::string& key) { return "<" + key + ">"; };
  EXPECT_EQ(Template("{{.Label \"a.b\"}}").render(kValue, {.label = label}), "<a.b>");
  EXPECT_EQ(Template("{{truncate .Name 1}}").render(kValue, {.headings = true}), "/a");
}

TEST(Template, RefusesInOneSentence) {
  for (const char* text : {"{{.Name",
                           "{{.Nope}}",
                           "{{frob .Name}}",
                           "{{if .On}}",
                           "{{end}}",
                           "{{index .List 9}}",
                           "{{.Name.X}}",
                           "{{\"a}}",
                           "{{}}",
                           "{{json}}",
                           "{{",
                           "{{else}}",
                           "{{$x}}",
                           "{{(.Name}}",
                           "{{.Name)}}",
                           "{{eq 1 \"a\"}}",
                           "{{lt true false}}",
                           "{{if .On}}{{else}}{{else}}{{end}}",
                           "{{range .N}}{{end}}",
                           "{{.Name 1}}",
                           "{{.Label \"a\"}}",
                           "{{break}}",
                           "{{.None.X}}",
                           "{{define \"a\"}}{{end}}",
                           "{{upper .N}}",
                           "{{pad \"a\" -1 0}}",
                           "{{\"a\\z\"}}",
                           "{{/* a}}",
                           "{{1 | .Name}}",
                           "{{.Name | }}",
                           "{{nil}}",
                           "{{'a'}}",
                           "{{1a}}",
                           "{{if}}{{end}}"}) {
    const std::string refusal = refusal_of([&] { render(text, kValue); });
    EXPECT_TRUE(refusal.starts_with("template parsing error: {{")) << text << ": " << refusal;
  }
  EXPECT_EQ(refusal_of([&] { render("a {{ frob .Name }} b {{.N}}", kValue); }),
            "template parsing error: {{frob .Name}}: function \"frob\" not defined");
  EXPECT_EQ(unescaped("a\\tb\\nc\\d"), "a\tb\nc\\d");
}

}  // namespace
}  // namespace seatrial::engine_cli
