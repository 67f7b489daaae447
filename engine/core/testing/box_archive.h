// The image of the tests' containers: one static program (box.cc).
#pragma once

#include <archive_entry.h>
#include <sys/stat.h>

#include <span>
#include <string>

#include "engine/base/files.h"
#include "engine/image/tar_stream.h"

namespace seatrial::core::testing {

// The root file system's archive: the program, users, and a directory for volumes to begin with.
inline std::string box_archive() {
  std::string archive;
  image::TarWriter writer([&](std::span<const std::byte> bytes) {
    archive.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  const auto add = [&](const char* name, unsigned mode, const std::string& content) {
    const image::Entry entry = image::new_entry();
    ::archive_entry_set_pathname(entry.get(), name);
    ::archive_entry_set_mode(entry.get(), mode);
    ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    writer.add(entry.get());
    if (!content.empty()) writer.data(std::as_bytes(std::span(content.data(), content.size())));
  };
  for (const char* name : {"etc/", "data/", "tmp/"}) add(name, S_IFDIR | 0755, "");
  add("box", S_IFREG | 0755, read_file(SEATRIAL_BOX_PATH));
  add("etc/passwd", S_IFREG | 0644, "root:x:0:0:root:/root:/box\nweb:x:33:34:web:/srv:/box\n");
  add("etc/group", S_IFREG | 0644, "root:x:0:\nweb:x:34:\n");
  add("data/from-image", S_IFREG | 0640, "of the image");
  writer.finish();
  return archive;
}

}  // namespace seatrial::core::testing
