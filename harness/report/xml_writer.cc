#include "harness/report/xml_writer.h"

namespace seatrial::harness {

void XmlWriter::new_line() {
  if (in_tag_) text_ += '>';
  in_tag_ = false;
  text_ += '\n';
  text_.append(4 * open_.size(), ' ');
}

void XmlWriter::open(std::string_view name) {
  new_line();
  text_ += '<';
  text_ += name;
  open_.emplace_back(name);
  in_tag_ = true;
}

void XmlWriter::attribute(std::string_view name, std::string_view value) {
  text_ += ' ';
  text_ += name;
  text_ += "=\"";
  append_escaped(value);
  text_ += '"';
}

void XmlWriter::text(std::string_view text) {
  text_ += '>';
  in_tag_ = false;
  has_text_ = true;
  append_escaped(text);
}

void XmlWriter::close() {
  const std::string name = std::move(open_.back());
  open_.pop_back();
  if (in_tag_) {
    text_ += "/>";
    in_tag_ = false;
    return;
  }
  if (!has_text_) new_line();
  has_text_ = false;
  text_ += "</" + name + ">";
}

void XmlWriter::append_escaped(std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        text_ += "&amp;";
        break;
      case '<':
        text_ += "&lt;";
        break;
      case '>':
        text_ += "&gt;";
        break;
      case '"':
        text_ += "&quot;";
        break;
      case '\'':
        text_ += "&apos;";
        break;
      default:
        text_ += c;
    }
  }
}

}  // namespace seatrial::harness
