#include "engine/image/tar_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/image/inflate.h"

namespace seatrial::image {
namespace {

void want_memory(bool there) {
  if (!there) throw error(Kind::kExhausted, "no memory for an archive");
}

std::string message(archive* one) {
  const char* text = ::archive_error_string(one);
  return text != nullptr ? text : "libarchive gives no reason";
}

}  // namespace

Utf8Names::Utf8Names()
    : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), previous_(nullptr) {
  if (locale_ != nullptr) previous_ = ::uselocale(locale_);
}

Utf8Names::~Utf8Names() {
  if (locale_ == nullptr) return;
  ::uselocale(previous_);
  ::freelocale(locale_);
}

void TarReader::Free::operator()(archive* reader) const {
  ::archive_read_free(reader);
}

TarReader::TarReader(std::unique_ptr<Stream> source,
                     std::function<void(std::span<const std::byte>)> tap)
    : source_(std::move(source)), tap_(std::move(tap)), reader_(::archive_read_new()) {
  want_memory(reader_ != nullptr);
  ::archive_read_support_format_tar(reader_.get());
  ::archive_read_support_format_empty(reader_.get());
  if (::archive_read_open(reader_.get(), this, nullptr, &TarReader::read_callback, nullptr) !=
      ARCHIVE_OK) {
    fail();
  }
}

std::span<const std::byte> TarReader::pull() {
  const std::span<const std::byte> bytes = source_->next();
  if (!bytes.empty()) tap_(bytes);
  return bytes;
}

long TarReader::read_callback(archive* reader, void* self, const void** buffer) {
  auto& that = *static_cast<TarReader*>(self);
  try {
    const std::span<const std::byte> bytes = that.pull();
    *buffer = bytes.data();
    return static_cast<long>(bytes.size());
  } catch (...) {
    that.failure_ = std::current_exception();
    ::archive_set_error(reader, EIO, "the source failed");
    return -1;
  }
}

void TarReader::fail() {
  if (failure_) std::rethrow_exception(failure_);
  throw error(Kind::kInvalidArgument, "not a good tar archive: {}", message(reader_.get()));
}

archive_entry* TarReader::next() {
  archive_entry* entry = nullptr;
  const int result = ::archive_read_next_header(reader_.get(), &entry);
  if (result == ARCHIVE_EOF) return nullptr;
  // A warning means that the entry is whole but something beside it was not understood.
  if (result < ARCHIVE_WARN) fail();
  return entry;
}

bool TarReader::next_data(std::span<const std::byte>& bytes, std::uint64_t& offset) {
  const void* buffer = nullptr;
  std::size_t size = 0;
  la_int64_t at = 0;
  const int result = ::archive_read_data_block(reader_.get(), &buffer, &size, &at);
  if (result == ARCHIVE_EOF) return false;
  if (result < ARCHIVE_WARN) fail();
  bytes = {static_cast<const std::byte*>(buffer), size};
  offset = static_cast<std::uint64_t>(at);
  return true;
}

void TarReader::drain() {
  while (!pull().empty()) {
  }
}

void TarWriter::Free::operator()(archive* writer) const {
  ::archive_write_free(writer);
}

// The end of an archive that was not finished must not be written. Closed it must be: else
// libarchive keeps its buffer for ever.
TarWriter::~TarWriter() {
  is_abandoned_ = true;
  ::archive_write_close(writer_.get());
}

TarWriter::TarWriter(Sink sink) : sink_(std::move(sink)), writer_(::archive_write_new()) {
  want_memory(writer_ != nullptr);
  check(::archive_write_set_format_pax(writer_.get()));
  check(::archive_write_set_format_option(writer_.get(), "pax", "xattrheader", "SCHILY"));
  ::archive_write_set_bytes_per_block(writer_.get(), static_cast<int>(kChunk));
  ::archive_write_set_bytes_in_last_block(writer_.get(), 1);
  check(::archive_write_open(writer_.get(), this, nullptr, &TarWriter::write_callback, nullptr));
}

long TarWriter::write_callback(archive* writer, void* self, const void* buffer,
                               std::size_t length) {
  auto& that = *static_cast<TarWriter*>(self);
  if (that.is_abandoned_) return -1;
  try {
    that.sink_({static_cast<const std::byte*>(buffer), length});
    return static_cast<long>(length);
  } catch (...) {
    that.failure_ = std::current_exception();
    ::archive_set_error(writer, EIO, "the sink failed");
    return -1;
  }
}

void TarWriter::check(int result) {
  if (failure_) std::rethrow_exception(failure_);
  if (result < ARCHIVE_WARN) {
    throw error(Kind::kInternal, "write a tar archive: {}", message(writer_.get()));
  }
}

void TarWriter::add(archive_entry* entry) {
  check(::archive_write_header(writer_.get(), entry));
}

void TarWriter::data(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const la_ssize_t put = ::archive_write_data(writer_.get(), bytes.data(), bytes.size());
    check(put < 0 ? static_cast<int>(put) : ARCHIVE_OK);
    if (put == 0) throw error(Kind::kConflict, "a file grew while it was archived");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void TarWriter::add_file(const std::string& name, std::uint64_t size, Stream& content) {
  const Entry entry = new_entry();
  ::archive_entry_set_pathname(entry.get(), name.c_str());
  ::archive_entry_set_mode(entry.get(), S_IFREG | 0644);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  ::archive_entry_set_mtime(entry.get(), 0, 0);
  add(entry.get());
  for (auto bytes = content.next(); !bytes.empty(); bytes = content.next()) data(bytes);
}

void TarWriter::add_file(const std::string& name, std::string_view bytes) {
  struct Once : Stream {
    explicit Once(std::string_view text) : rest(std::as_bytes(std::span(text))) {}
    std::span<const std::byte> next() override { return std::exchange(rest, {}); }
    std::span<const std::byte> rest;
  } once(bytes);
  add_file(name, bytes.size(), once);
}

void TarWriter::finish() {
  check(::archive_write_close(writer_.get()));
}

void FreeEntry::operator()(archive_entry* entry) const {
  ::archive_entry_free(entry);
}

Entry new_entry() {
  Entry entry(::archive_entry_new());
  want_memory(entry != nullptr);
  return entry;
}

}  // namespace seatrial::image
