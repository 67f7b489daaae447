#include "harness/lane/cargo.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::lane {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class CargoTest : public testing::Test {
 protected:
  // fs::canonical: the directory of temporary files may lie behind links itself.
  CargoTest() : dir_(fs::canonical(fs::temp_directory_path())) {}

  std::string at(const std::string& name) const { return dir_.path() / name; }
  void write(const std::string& name, std::string_view content) {
    write_file_atomically(at(name), content);
  }

  TempDir dir_;
  Cargo cargo_;
};

TEST_F(CargoTest, CarriesWhatALinkLeadsTo) {
  fs::create_directory(at("real"));
  write("real/file", "x");
  fs::create_symlink("real", at("way"));
  fs::create_symlink("../way/file", at("real/link"));
  cargo_.add(at("way/link"));
  EXPECT_THAT(cargo_.paths(),
              IsSupersetOf({at("way"), at("real"), at("real/link"), at("real/file")}));
  EXPECT_THAT(cargo_.paths(), Not(Contains(at("way/link"))));
}

TEST_F(CargoTest, RefusesARingOfLinks) {
  fs::create_symlink("b", at("a"));
  fs::create_symlink("a", at("b"));
  EXPECT_THROW(cargo_.add(at("a")), Error);
}

TEST_F(CargoTest, NamesWhatIsNotThere) {
  try {
    cargo_.add(at("absent"));
    FAIL() << "nothing was thrown";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr(at("absent")));
  }
  cargo_.add_if_there(at("absent"));
  EXPECT_THAT(cargo_.paths(), Not(Contains(at("absent"))));
}

TEST_F(CargoTest, ProgramsBringTheirLibrariesAndScriptsTheirInterpreter) {
  write("script", "#!/bin/sh -e\n");
  fs::permissions(at("script"), fs::perms::owner_all);
  cargo_.add(at("script"));
  const std::string shell = fs::canonical("/bin/sh");
  EXPECT_THAT(cargo_.paths(), AllOf(Contains(shell), Contains(HasSubstr("libc.so.6")),
                                    Contains(HasSubstr("ld-linux-x86-64.so.2"))));
}

TEST_F(CargoTest, FingerprintsByContentAndNotByTime) {
  write("file", "one");
  cargo_.add(at("file"));
  const std::string before = cargo_.fingerprint();
  fs::last_write_time(at("file"), fs::file_time_type{});
  EXPECT_EQ(cargo_.fingerprint(), before);
  write("file", "two");
  EXPECT_NE(cargo_.fingerprint(), before);
  write("file", "one");
  EXPECT_EQ(cargo_.fingerprint(), before);
  cargo_.add_text("/etc/hosts", "");
  EXPECT_NE(cargo_.fingerprint(), before);
}

// What an independent reader of the format makes of an archive: "mode path content".
std::vector<std::string> read_back(const std::string& file) {
  std::vector<std::string> entries;
  struct archive* const reader = ::archive_read_new();
  ::archive_read_support_format_cpio(reader);
  EXPECT_EQ(::archive_read_open_filename(reader, file.c_str(), 4096), ARCHIVE_OK);
  struct archive_entry* entry = nullptr;
  while (::archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    std::string content(static_cast<std::size_t>(::archive_entry_size(entry)), '\0');
    ::archive_read_data(reader, content.data(), content.size());
    const char* const link = ::archive_entry_symlink(entry);
    entries.push_back(fmt::format("{:o} {} {}", ::archive_entry_mode(entry),
                                  ::archive_entry_pathname(entry), link ? link : content));
  }
  EXPECT_EQ(std::string(::archive_format_name(reader)), "ASCII cpio (SVR4 with no CRC)");
  ::archive_read_free(reader);
  return entries;
}

TEST_F(CargoTest, WritesAnArchiveThatOthersRead) {
  write("source", "12345");
  const std::string file = at("archive");
  const UniqueFd out = open_file(file, O_WRONLY | O_CREAT, 0600);
  ArchiveWriter archive(out.get());
  archive.add("/a", S_IFDIR | 0755);
  archive.add("/a/link", S_IFLNK | 0777, "../x");
  archive.add_file("/a/file", 0640, at("source"));
  archive.add("/a/text", S_IFREG | 0600, "123");
  archive.finish();
  EXPECT_THAT(read_back(file), ElementsAre("40755 a ", "120777 a/link ../x", "100640 a/file 12345",
                                           "100600 a/text 123"));
}

TEST(ListedLibraries, TakesPathsWithAndWithoutArrow) {
  EXPECT_THAT(listed_libraries("\tlinux-vdso.so.1 (0x00007ffd)\n"
                               "\tlibm.so.6 => /lib/libm.so.6 (0x00007f01)\n"
                               "\tlibgone.so => not found\n"
                               "\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)\n"),
              ElementsAre("/lib/libm.so.6", "/lib64/ld-linux-x86-64.so.2"));
}

}  // namespace
}  // namespace seatrial::lane
