// What libarchive's writer of xar takes from libxml2, for programs with libarchive in them
// (seatrial_library() in cmake/Rooms.cmake): its archive binds every format it can write to the one
// that we ask for, and libxml2 would come with ICU, which costs a millisecond and more at each
// start. Nobody asks for xar; who did would end here.
#include <cstdlib>

// NOLINTBEGIN(readability-identifier-naming): the library's own names
extern "C" {
[[noreturn]] void xmlBufferContent();
[[noreturn]] void xmlBufferCreate();
[[noreturn]] void xmlBufferFree();
[[noreturn]] void xmlFreeTextWriter();
[[noreturn]] void xmlNewTextWriterMemory();
[[noreturn]] void xmlTextWriterEndDocument();
[[noreturn]] void xmlTextWriterEndElement();
[[noreturn]] void xmlTextWriterSetIndent();
[[noreturn]] void xmlTextWriterStartDocument();
[[noreturn]] void xmlTextWriterStartElement();
[[noreturn]] void xmlTextWriterWriteAttribute();
[[noreturn]] void xmlTextWriterWriteBase64();
[[noreturn]] void xmlTextWriterWriteFormatAttribute();
[[noreturn]] void xmlTextWriterWriteString();
[[noreturn]] void UTF8Toisolat1();

void xmlBufferContent() {
  std::abort();
}
void xmlBufferCreate() {
  std::abort();
}
void xmlBufferFree() {
  std::abort();
}
void xmlFreeTextWriter() {
  std::abort();
}
void xmlNewTextWriterMemory() {
  std::abort();
}
void xmlTextWriterEndDocument() {
  std::abort();
}
void xmlTextWriterEndElement() {
  std::abort();
}
void xmlTextWriterSetIndent() {
  std::abort();
}
void xmlTextWriterStartDocument() {
  std::abort();
}
void xmlTextWriterStartElement() {
  std::abort();
}
void xmlTextWriterWriteAttribute() {
  std::abort();
}
void xmlTextWriterWriteBase64() {
  std::abort();
}
void xmlTextWriterWriteFormatAttribute() {
  std::abort();
}
void xmlTextWriterWriteString() {
  std::abort();
}
void UTF8Toisolat1() {
  std::abort();
}
}
// NOLINTEND(readability-identifier-naming)
