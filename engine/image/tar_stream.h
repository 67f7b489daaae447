// libarchive's tar reader and writer over our own streams; nothing here touches a file system.
#pragma once

#include <clocale>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/image/stream.h"

struct archive;
struct archive_entry;

namespace seatrial::image {

// libarchive converts names between UTF-8 and the thread's locale; in "C" it would lose every name
// that is not ASCII.
class Utf8Names {
 public:
  Utf8Names();
  ~Utf8Names();
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t locale_;
  locale_t previous_;
};

// Reads one tar archive (ustar, pax, GNU) from start to end.
class TarReader {
 public:
  // `tap` sees every byte of the archive, also what follows its last entry.
  TarReader(std::unique_ptr<Stream> source, std::function<void(std::span<const std::byte>)> tap);

  // The next entry, valid until the next call; nullptr at the end. Throws
  // Error{kInvalidArgument} for what is not a tar archive.
  archive_entry* next();

  // The next piece of the entry's data and where in the file it belongs; false at the end.
  bool next_data(std::span<const std::byte>& bytes, std::uint64_t& offset);

  // Reads on to the end of the source, so that `tap` sees all of it.
  void drain();

 private:
  struct Free {
    void operator()(archive* reader) const;
  };

  static long read_callback(archive*, void* self, const void** buffer);
  std::span<const std::byte> pull();
  [[noreturn]] void fail();

  std::unique_ptr<Stream> source_;
  std::function<void(std::span<const std::byte>)> tap_;
  std::exception_ptr failure_;  // thrown inside of a callback, where C is on the stack
  Utf8Names names_;
  std::unique_ptr<archive, Free> reader_;
};

// Writes one tar archive in the pax format, whose headers keep nanoseconds and long names.
class TarWriter {
 public:
  using Sink = std::function<void(std::span<const std::byte>)>;

  explicit TarWriter(Sink sink);
  TarWriter(TarWriter&&) = delete;  // libarchive knows its address
  ~TarWriter();

  void add(archive_entry* entry);
  void data(std::span<const std::byte> bytes);
  // A regular file of root's, mode 0644, of no particular time.
  void add_file(const std::string& name, std::string_view bytes);
  void add_file(const std::string& name, std::uint64_t size, Stream& content);
  void finish();

 private:
  struct Free {
    void operator()(archive* writer) const;
  };

  static long write_callback(archive*, void* self, const void* buffer, std::size_t length);
  void check(int result);

  Sink sink_;
  std::exception_ptr failure_;
  bool is_abandoned_ = false;
  Utf8Names names_;
  std::unique_ptr<archive, Free> writer_;
};

struct FreeEntry {
  void operator()(archive_entry* entry) const;
};
using Entry = std::unique_ptr<archive_entry, FreeEntry>;
Entry new_entry();

}  // namespace seatrial::image
