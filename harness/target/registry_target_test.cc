#include "harness/target/registry_target.h"

#include <gmock/gmock.h>

#include "engine/base/error.h"

namespace seatrial::harness {
namespace {

using ::testing::HasSubstr;

std::string refusal_of(const std::string& url) {
  try {
    const RegistryTarget made(url);
    return "taken: " + made.url();
  } catch (const Error& failure) {
    return failure.what();
  }
}

TEST(RegistryTarget, TakesUrlsOfHttpAndHttps) {
  EXPECT_EQ(refusal_of("http://127.0.0.1:5000/"), "taken: http://127.0.0.1:5000");
  EXPECT_EQ(refusal_of("https://registry.test"), "taken: https://registry.test");
  EXPECT_THAT(refusal_of("127.0.0.1:5000"), HasSubstr("is no URL"));
  EXPECT_THAT(refusal_of("file:///etc/passwd"), HasSubstr("is no URL"));
}

TEST(RegistryTarget, TakesNoLoginThatReportsWouldShow) {
  const std::string sentence = refusal_of("http://sailor:secret@127.0.0.1:5000");
  EXPECT_THAT(sentence, HasSubstr("SEATRIAL_REGISTRY_LOGIN"));
  EXPECT_EQ(sentence.find("secret"), std::string::npos);
}

TEST(RegistryTarget, NamesWhatDoesNotAnswer) {
  const RegistryTarget nobody("http://127.0.0.1:1");
  try {
    nobody.send({});
    FAIL() << "somebody answered";
  } catch (const Error& failure) {
    EXPECT_EQ(failure.kind(), Kind::kUnavailable);
    EXPECT_THAT(failure.what(), HasSubstr("GET http://127.0.0.1:1/v2/"));
  }
}

}  // namespace
}  // namespace seatrial::harness
