// From a plan to the bytes that launcher and init map. The layout is told in wire.h.
#include <cstring>
#include <type_traits>

#include "engine/base/error.h"
#include "engine/plan/fields.h"
#include "engine/plan/step.h"

namespace seatrial::plan {
namespace {

// The file's sections while they grow.
class Image {
 public:
  Image() : data_(1, '\0') {}

  template <template <typename> typename S>
  void add_step(const S<HeapForm>& step) {
    const std::uint32_t arguments = place(lay<S<wire::Form>>(step));
    entries_.push_back(
        {.op = static_cast<std::uint32_t>(S<HeapForm>::kOp), .arguments = arguments});
  }

  std::string finish(const LaunchPlan& plan);

 private:
  // The wire form of `from`; what it refers to is in the data section already.
  template <typename W, typename H>
  W lay(const H& from) {
    W to{};
    for_each_field(from, to, [this](const auto& a, auto& b) { put(a, b); });
    return to;
  }

  void put(const std::string& from, wire::Text& to) {
    if (from.empty()) return;
    if (from.find('\0') != from.npos) {
      throw error(Kind::kInvalidArgument, "\"{}\" has a NUL inside; the kernel would cut it there",
                  from.c_str());
    }
    to.offset = size_of(data_);
    data_.append(from.c_str(), from.size() + 1);
  }

  void put(const std::vector<std::string>& from, wire::Texts& to) {
    std::vector<std::uint64_t> words;
    for (const std::string& text : from) {
      wire::Text place;
      put(text, place);
      words.push_back(place.offset);
    }
    to = {.first = size_of(pointers_), .count = size_of(from)};
    // A vector's end is the only word that stays 0: an empty string gets a byte of its own.
    for (std::uint64_t& word : words) {
      if (word == 0) {
        word = data_.size();
        data_ += '\0';
      }
    }
    pointers_.insert(pointers_.end(), words.begin(), words.end());
    pointers_.push_back(0);
  }

  template <typename T, typename W>
  void put(const std::vector<T>& from, wire::List<W>& to) {
    std::vector<W> laid;
    for (const T& element : from) {
      if constexpr (std::is_same_v<T, W>) {
        laid.push_back(element);
      } else {
        laid.push_back(lay<W>(element));
      }
    }
    align();
    to = {.offset = size_of(data_), .count = size_of(from)};
    data_.append(reinterpret_cast<const char*>(laid.data()), laid.size() * sizeof(W));
  }

  template <typename T>
    requires std::is_trivially_copyable_v<T>
  void put(const T& from, T& to) {
    to = from;
  }

  template <typename W>
  std::uint32_t place(const W& structure) {
    static_assert(std::is_trivially_copyable_v<W>);
    align();
    const std::uint32_t offset = size_of(data_);
    data_.append(reinterpret_cast<const char*>(&structure), sizeof structure);
    return offset;
  }

  void align() { data_.resize((data_.size() + 7) / 8 * 8, '\0'); }

  static std::uint32_t size_of(const auto& container) {
    return static_cast<std::uint32_t>(container.size());
  }

  std::vector<wire::StepEntry> entries_;
  std::vector<std::uint64_t> pointers_;
  std::string data_;
};

std::string Image::finish(const LaunchPlan& plan) {
  wire::PlanHeader header;
  header.launcher_steps = size_of(plan.launcher);
  header.init_steps = size_of(plan.init);
  header.preserve_fds = plan.preserve_fds;
  const std::size_t entries_size = entries_.size() * sizeof(wire::StepEntry);
  const std::size_t pointers_size = pointers_.size() * sizeof(std::uint64_t);
  header.pointers_offset = static_cast<std::uint32_t>(sizeof header + entries_size);
  header.pointer_count = size_of(pointers_);
  header.data_offset = static_cast<std::uint32_t>(header.pointers_offset + pointers_size);
  const std::size_t size = header.data_offset + data_.size();
  if (size > 64u << 20) {
    throw error(Kind::kInvalidArgument, "the plan takes {} bytes; 64 MiB are the most", size);
  }
  header.size = static_cast<std::uint32_t>(size);

  std::string file;
  file.reserve(size);
  file.append(reinterpret_cast<const char*>(&header), sizeof header);
  file.append(reinterpret_cast<const char*>(entries_.data()), entries_size);
  file.append(reinterpret_cast<const char*>(pointers_.data()), pointers_size);
  file += data_;
  return file;
}

static_assert(sizeof(wire::PlanHeader) % 8 == 0 && sizeof(wire::StepEntry) % 8 == 0,
              "the pointer words must be aligned");

}  // namespace

std::string encode(const LaunchPlan& plan) {
  Image image;
  for (const std::vector<Step>* steps : {&plan.launcher, &plan.init}) {
    for (const Step& step : *steps) {
      std::visit([&](const auto& action) { image.add_step(action); }, step.action);
    }
  }
  return image.finish(plan);
}

}  // namespace seatrial::plan
