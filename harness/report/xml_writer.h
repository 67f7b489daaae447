// XML as it is written from its beginning to its end: elements, attributes, text. Of its own, for
// these few lines, so that the program `seatrial` starts without a library of C++ to load.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seatrial::harness {

class XmlWriter {
 public:
  XmlWriter() : text_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>") {}

  void open(std::string_view name);
  // Of the element that was opened last, before anything else is in it.
  void attribute(std::string_view name, std::string_view value);
  // Must be without characters that XML does not have (visible_text.h). An element with text has
  // nothing else.
  void text(std::string_view text);
  void close();

  // Once every element is closed.
  std::string finish() { return std::move(text_) + "\n"; }

 private:
  void new_line();
  void append_escaped(std::string_view text);

  std::string text_;
  std::vector<std::string> open_;
  bool in_tag_ = false;    // the last one's start is not finished
  bool has_text_ = false;  // the last one's content is text
};

}  // namespace seatrial::harness
