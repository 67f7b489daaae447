#include "engine/registry/hosts.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace seatrial::registry {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Hosts, AllowsPlainHttpToLoopbackAndDeclaredHostsAlone) {
  const Hosts hosts({}, {"plain.example", "half.example:5000"});

  hosts.check_allowed(parse_url("https://anywhere.example/"));
  hosts.check_allowed(parse_url("http://127.0.0.1:5000/"));
  hosts.check_allowed(parse_url("http://plain.example:81/"));
  hosts.check_allowed(parse_url("http://half.example:5000/"));
  EXPECT_THROW(hosts.check_allowed(parse_url("http://half.example/")), Error);
  EXPECT_THROW(hosts.check_allowed(parse_url("http://anywhere.example/")), Error);
}

TEST(Hosts, StepsDownToPlainHttpOnDeclaredHostsAlone) {
  const Hosts hosts({}, {"plain.example"});
  const Url secure = parse_url("https://a.example/");

  hosts.check_step(secure, parse_url("https://b.example/"));
  hosts.check_step(secure, parse_url("http://plain.example/"));
  hosts.check_step(parse_url("http://127.0.0.1:1/"), parse_url("http://127.0.0.1:2/"));
  EXPECT_THROW(hosts.check_step(secure, parse_url("http://127.0.0.1:2/")), Error);
  EXPECT_THROW(hosts.check_step(secure, parse_url("http://b.example/")), Error);
}

TEST(Hosts, GivesEachHostItsOwnCertificates) {
  const TempDir dir(std::filesystem::temp_directory_path());
  std::filesystem::create_directories(dir.path() / "a.example:5000");
  for (const char* name : {"ca.crt", "more.crt", "client.cert", "client.key"}) {
    write_file_atomically(dir.path() / "a.example:5000" / name, name);
  }
  const Hosts hosts(dir.path(), {});

  const Tls own = hosts.tls(parse_url("https://a.example:5000/"));
  EXPECT_TRUE(own.verify);
  EXPECT_EQ(own.authorities, "ca.crt\nmore.crt\n");
  EXPECT_THAT(own.certificate, EndsWith("client.cert"));
  EXPECT_THAT(own.key, EndsWith("client.key"));

  const Tls other = hosts.tls(parse_url("https://a.example/"));
  EXPECT_THAT(other.authorities, IsEmpty());
  EXPECT_THAT(other.key, IsEmpty());
}

TEST(Hosts, NamesACertificateWithoutKey) {
  const TempDir dir(std::filesystem::temp_directory_path());
  std::filesystem::create_directories(dir.path() / "a");
  write_file_atomically(dir.path() / "a" / "client.cert", "x");
  try {
    Hosts(dir.path(), {}).tls(parse_url("https://a/"));
    FAIL() << "half a pair was taken";
  } catch (const Error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("client.cert has no key beside it: client.key"));
  }
}

}  // namespace
}  // namespace seatrial::registry
