#include "engine/cli/output.h"

#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <tuple>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cli/template.h"
#include "engine/core/times.h"

namespace seatrial::engine_cli {
namespace {

std::string scaled(double number, double base, std::span<const std::string_view> units,
                   int digits) {
  std::size_t unit = 0;
  while (number >= base && unit + 1 < units.size()) {
    number /= base;
    ++unit;
  }
  return fmt::format("{:.{}g}{}", number, digits, units[unit]);
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (;;) {
    const std::size_t tab = line.find('\t');
    cells.push_back(line.substr(0, tab));
    if (tab == line.npos) return cells;
    line.remove_prefix(tab + 1);
  }
}

// "com.example.build-date" is headed "build date".
std::string label_heading(const std::string& key) {
  std::string heading = key.substr(key.rfind('.') + 1);
  std::replace_if(heading.begin(), heading.end(), [](char c) { return c == '-' || c == '_'; }, ' ');
  return heading;
}

std::string range_text(unsigned first, unsigned count) {
  return count == 1 ? fmt::format("{}", first) : fmt::format("{}-{}", first, first + count - 1);
}

}  // namespace

std::string human_size(double bytes, int digits) {
  static constexpr std::string_view kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  return scaled(bytes, 1000, kUnits, digits);
}

std::string binary_size(double bytes) {
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  return scaled(bytes, 1024, kUnits, 4);
}

std::string age(core::Time then, core::Time now) {
  return core::human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - then)) +
         " ago";
}

std::string shortened(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 && ++seen == width) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string ports_text(std::vector<core::PortBinding> published,
                       const std::vector<std::string>& exposed) {
  const auto key = [](const core::PortBinding& port) {
    return std::tie(port.protocol, port.host_ip, port.container_port, port.host_port);
  };
  std::sort(published.begin(), published.end(),
            [&](const auto& left, const auto& right) { return key(left) < key(right); });
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < published.size();) {
    const core::PortBinding& first = published[at];
    unsigned count = 1;
    const auto follows = [&](const core::PortBinding& next) {
      return next.protocol == first.protocol && next.host_ip == first.host_ip &&
             next.container_port == first.container_port + count &&
             next.host_port == first.host_port + count;
    };
    while (at + count < published.size() && follows(published[at + count])) ++count;
    const std::string inside =
        fmt::format("{}/{}", range_text(first.container_port, count), first.protocol);
    const std::string ip = first.host_ip.empty() ? "0.0.0.0"
                           : first.host_ip.find(':') != std::string::npos
                               ? "[" + first.host_ip + "]"
                               : first.host_ip;
    texts.push_back(fmt::format("{}:{}->{}", ip, range_text(first.host_port, count), inside));
    at += count;
  }
  for (const std::string& port : exposed) {
    const bool is_published =
        std::any_of(published.begin(), published.end(), [&](const core::PortBinding& each) {
          return port == fmt::format("{}/{}", each.container_port, each.protocol);
        });
    if (!is_published) texts.push_back(port);
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string for_users(std::string_view sentence) {
  static const std::regex kWhere("(run|create|exec in) [0-9a-f]{64}: |step [0-9]+ of [0-9]+, ");
  static const std::regex kErrnoOfExec("(exec: \".*): E[A-Z0-9]+ \\([^()]*\\)$");
  const std::string shown = std::regex_replace(std::string(sentence), kWhere, "");
  return std::regex_replace(shown, kErrnoOfExec, "$1");
}

std::string labels_text(const core::Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", key, value);
  }
  return text;
}

std::string aligned(const std::vector<std::string>& lines) {
  constexpr std::size_t kLeast = 10;
  constexpr std::size_t kGap = 3;
  std::vector<std::size_t> widths;
  for (const std::string& line : lines) {
    const auto cells = cells_of(line);
    for (std::size_t at = 0; at + 1 < cells.size(); ++at) {
      if (widths.size() <= at) widths.push_back(kLeast);
      widths[at] = std::max(widths[at], width_of(cells[at]) + kGap);
    }
  }
  std::string out;
  for (const std::string& line : lines) {
    const auto cells = cells_of(line);
    for (std::size_t at = 0; at < cells.size(); ++at) {
      out += cells[at];
      if (at + 1 < cells.size()) out.append(widths[at] - width_of(cells[at]), ' ');
    }
    out += '\n';
  }
  return out;
}

std::string list_text(const Listing& listing, const GivenOptions& options,
                      const std::vector<Row>& rows) {
  std::string format = unescaped(options.get("format").value_or("table"));
  if (format == "json") format = "{{json .}}";
  if (options.on("quiet")) format = "{{." + listing.quiet_field + "}}";
  nlohmann::json headings(listing.other_headings);
  std::string columns;
  for (const auto& [field, heading] : listing.columns) {
    headings[field] = heading;
    columns += (columns.empty() ? "{{." : "\t{{.") + field + "}}";
  }
  const bool table = format == "table" || format.starts_with("table ");
  if (table) format = format == "table" ? columns : format.substr(6);
  std::vector<std::string> lines;
  const Template text_of(format);
  if (table) lines.push_back(text_of.render(headings, {.label = label_heading, .headings = true}));
  for (const Row& row : rows) {
    const auto label = [&](const std::string& key) {
      const auto found = row.labels.find(key);
      return found == row.labels.end() ? "" : found->second;
    };
    lines.push_back(text_of.render(row.fields, {.label = label}));
  }
  if (table) return aligned(lines);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void print_rows(const Listing& listing, const GivenOptions& options, const std::vector<Row>& rows) {
  print_out(list_text(listing, options, rows));
}

void print_out(std::string_view text) {
  write_all(STDOUT_FILENO, text, "standard output");
}

}  // namespace seatrial::engine_cli
