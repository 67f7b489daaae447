// encode() against a reader that knows no more than wire.h says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "engine/base/error.h"
#include "engine/plan/fields.h"
#include "engine/plan/step.h"
#include "engine/spec/default_spec.h"
#include "engine/spec/parse_config.h"

namespace seatrial::plan {
namespace {

using testing::ElementsAre;
using wire::Form;

// Reads an encoded plan as init does.
class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {
    std::memcpy(&header_, bytes_.data(), sizeof header_);
  }

  const wire::PlanHeader& header() const { return header_; }
  const std::string& bytes() const { return bytes_; }

  wire::StepEntry entry(std::size_t index) const {
    return at<wire::StepEntry>(sizeof header_ + index * sizeof(wire::StepEntry));
  }
  template <template <typename> typename S>
  S<Form> step(std::size_t index) const {
    EXPECT_EQ(entry(index).op, static_cast<std::uint32_t>(S<Form>::kOp));
    return at<S<Form>>(header_.data_offset + entry(index).arguments);
  }
  std::string text(wire::Text place) const { return string_at(place.offset); }
  std::vector<std::string> texts(wire::Texts place) const {
    std::vector<std::string> result;
    for (std::uint32_t i = place.first; word(i) != 0; ++i) result.push_back(string_at(word(i)));
    EXPECT_EQ(result.size(), place.count);
    return result;
  }
  template <typename T>
  std::vector<T> list(wire::List<T> place) const {
    std::vector<T> result;
    for (std::uint32_t i = 0; i < place.count; ++i) {
      result.push_back(at<T>(header_.data_offset + place.offset + i * sizeof(T)));
    }
    return result;
  }

 private:
  template <typename T>
  T at(std::size_t offset) const {
    T value;
    EXPECT_LE(offset + sizeof value, bytes_.size());
    EXPECT_EQ(offset % alignof(T), 0u);
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::uint64_t word(std::uint32_t index) const {
    EXPECT_LT(index, header_.pointer_count);
    return at<std::uint64_t>(header_.pointers_offset + index * sizeof(std::uint64_t));
  }
  std::string string_at(std::uint64_t offset) const {
    return bytes_.c_str() + header_.data_offset + offset;
  }

  std::string bytes_;
  wire::PlanHeader header_;
};

TEST(Encode, LaysOutTextsListsAndNumbers) {
  LaunchPlan plan;
  plan.preserve_fds = 3;
  plan.launcher.push_back({JoinCgroup{.file = "/a/tasks"}});
  plan.init.push_back({SetUser{.groups = {5, 6, 7}, .uid = 1000, .gid = 1001}});
  plan.init.push_back({Mount{.type = "tmpfs",
                             .source = "",
                             .target = "/t",
                             .options = {"mode=755", "size=1"},
                             .attributes = 9,
                             .change = {.propagation = 4},
                             .flags = 2,
                             .keep = 1}});
  plan.init.push_back(
      {CgroupTree{.target = "/c",
                  .mounts = {{.name = "x", .source = "/x", .type = "cgroup", .options = {"x"}},
                             {.name = "y", .source = "", .type = "cgroup2", .options = {}}},
                  .links = {{.name = "l", .points_to = "x"}},
                  .attributes = 1}});
  plan.init.push_back({Execute{.args = {"sh", "", "-c"}, .env = {}}});

  const Reader reader(encode(plan));
  EXPECT_EQ(reader.header().magic, wire::kPlanMagic);
  EXPECT_EQ(reader.header().size, reader.bytes().size());
  EXPECT_EQ(reader.header().launcher_steps, 1u);
  EXPECT_EQ(reader.header().init_steps, 4u);
  EXPECT_EQ(reader.header().preserve_fds, 3u);
  EXPECT_EQ(reader.text(reader.step<steps::JoinCgroup>(0).file), "/a/tasks");
  const auto user = reader.step<steps::SetUser>(1);
  EXPECT_EQ(user.uid, 1000u);
  EXPECT_EQ(user.gid, 1001u);
  EXPECT_THAT(reader.list(user.groups), ElementsAre(5, 6, 7));
  const auto mount = reader.step<steps::Mount>(2);
  EXPECT_EQ(reader.text(mount.type), "tmpfs");
  EXPECT_EQ(mount.source.offset, 0u);
  EXPECT_EQ(reader.text(mount.source), "");
  EXPECT_THAT(reader.texts(mount.options), ElementsAre("mode=755", "size=1"));
  EXPECT_EQ(mount.attributes, 9u);
  EXPECT_EQ(mount.change.propagation, 4u);
  EXPECT_EQ(mount.keep, 1u);
  const auto tree = reader.step<steps::CgroupTree>(3);
  EXPECT_EQ(reader.text(reader.list(tree.mounts)[1].type), "cgroup2");
  EXPECT_THAT(reader.texts(reader.list(tree.mounts)[0].options), ElementsAre("x"));
  EXPECT_EQ(reader.text(reader.list(tree.links)[0].points_to), "x");
  const auto execute = reader.step<steps::Execute>(4);
  EXPECT_THAT(reader.texts(execute.args), ElementsAre("sh", "", "-c"));
  EXPECT_THAT(reader.texts(execute.env), ElementsAre());
}

TEST(Encode, NumbersEveryStepOfTheDefaultPlan) {
  spec::Config config = spec::parse_config(spec::default_config(), {.bundle = "/b"});
  const LaunchPlan made = plan(config, {}, {.bundle = "/b", .id = "x"});
  const Reader reader(encode(made));
  ASSERT_EQ(reader.header().launcher_steps, made.launcher.size());
  ASSERT_EQ(reader.header().init_steps, made.init.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    const Step& step =
        i < made.launcher.size() ? made.launcher[i] : made.init[i - made.launcher.size()];
    EXPECT_EQ(reader.entry(i).op, step.action.index() + 1) << made.describe(i);
  }
}

TEST(Encode, RefusesANulInsideAText) {
  LaunchPlan plan;
  plan.init.push_back({SetHostname{.name = std::string("a\0b", 3)}});
  EXPECT_THROW(encode(plan), Error);
}

TEST(Fields, AreCountedAndPaired) {
  EXPECT_EQ(kFieldCount<steps::Mount<Form>>, 9u);
  EXPECT_EQ(kFieldCount<steps::Sysctl<Form>>, 2u);
  EXPECT_EQ(kFieldCount<steps::Ready<Form>>, 1u);
  EXPECT_EQ(kFieldCount<steps::AwaitStart<Form>>, 0u);
}

}  // namespace
}  // namespace seatrial::plan
