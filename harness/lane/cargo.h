// What a lane carries: files of the host under their own paths, with the libraries that programs
// need, and files made for it. It becomes the root of the job.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/lane/archive.h"

namespace seatrial::lane {

class Cargo {
 public:
  // A file or a directory with all below it. Symbolic links on the way are carried with what they
  // lead to; programs bring their libraries, scripts their interpreter. Throws Error.
  void add(const std::filesystem::path& path);
  // The same where the host has it.
  void add_if_there(const std::filesystem::path& path);

  // The link itself where the path is one, and the directory that it leads to, without content.
  void add_link_if_there(const std::filesystem::path& path);

  void add_text(const std::string& path, std::string content, unsigned mode = 0644);
  void add_directory(const std::string& path, unsigned mode = 0755);

  // All paths, sorted.
  std::vector<std::string> paths() const;

  // The same for the same content, modes and paths.
  std::string fingerprint() const;

  // Everything below `root`.
  void write(ArchiveWriter& archive, const std::string& root) const;

 private:
  struct Item {
    unsigned mode = 0;
    std::string content = {};  // of a text, or where a link leads
    std::string source = {};   // the file that has the content
  };

  // Adds the directories and links on the way; returns the path behind all links.
  std::string add_way(const std::filesystem::path& path);
  void add_file(const std::string& path);
  void add_needs(const std::string& path);

  std::map<std::string, Item> items_;
};

// The libraries in what the dynamic linker's --list prints, its own file included.
std::vector<std::string> listed_libraries(std::string_view text);

}  // namespace seatrial::lane
