#include "harness/report/html.h"

#include <fmt/format.h>

#include <span>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "harness/catalogue/embedded.h"
#include "harness/report/html_parts.h"

namespace seatrial::harness {

std::span<const EmbeddedFile> embedded_page();  // generated from page/

namespace {

std::string_view page_file(std::string_view name) {
  for (const EmbeddedFile& file : embedded_page()) {
    if (file.name == name) return file.text;
  }
  throw error(Kind::kInternal, "the program lacks its page file {}", name);
}

std::string host_facts(const HostInfo& host) {
  std::vector<std::string> facts{"Linux " + host.kernel,
                                 host.machine,
                                 host.os,
                                 "cgroup " + host.cgroup,
                                 fmt::format("{} CPUs", host.cpus),
                                 host.started};
  std::string out;
  for (const std::string& fact : facts) {
    if (fact.empty()) continue;
    out += (out.empty() ? "" : " · ") + html::text(fact);
  }
  return out;
}

std::string leftovers(const Report& report) {
  if (report.leftovers.empty()) return "";
  std::string out = "<h2 class=\"fail\">Left on the host</h2>\n<ul>\n";
  for (const std::string& leftover : report.leftovers) {
    out += fmt::format("<li>{}</li>\n", html::text(leftover));
  }
  return out + "</ul>\n";
}

}  // namespace

std::string print_html(const Report& report, const Catalogue& catalogue) {
  const Overview all = overview(report, catalogue);
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Sea trial</title>\n<style>\n{}</style>\n</head>\n<body>\n"
      "<header>\n<h1>Sea trial</h1>\n<p class=\"facts\">{}</p>\n{}</header>\n<main>\n",
      page_file("style.css"), host_facts(report.host), html::target_cards(report, all));
  page += leftovers(report);
  page += html::matrix(report, all);
  page += html::filter_box(all);
  page += html::details(report, catalogue);
  page += html::cases(report, catalogue, all);
  page += fmt::format(
      "</main>\n<footer>Clauses are paraphrased; the specification's own words count.</footer>\n"
      "<script>\n{}</script>\n</body>\n</html>\n",
      page_file("script.js"));
  return page;
}

void write_html(const Report& report, const Catalogue& catalogue,
                const std::filesystem::path& dir) {
  make_directories(dir);
  write_file_atomically(dir / "index.html", print_html(report, catalogue));
}

}  // namespace seatrial::harness
