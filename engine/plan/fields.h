// Walks the fields of a step's two forms side by side, so that no encoder can forget one.
#pragma once

#include <cstddef>
#include <utility>

namespace seatrial::plan {

namespace fields_detail {

struct Anything {
  template <typename T>
  operator T() const;  // never defined: only asked whether it would convert
};

template <std::size_t>
using AnythingFor = Anything;

template <typename T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
  return requires { T{AnythingFor<I>{}...}; };
}

template <typename T, std::size_t N = 0>
consteval std::size_t count() {
  if constexpr (takes<T>(std::make_index_sequence<N + 1>{})) {
    return count<T, N + 1>();
  } else {
    return N;
  }
}

}  // namespace fields_detail

// How many fields the aggregate has.
template <typename T>
inline constexpr std::size_t kFieldCount = fields_detail::count<T>();

// visit(a.first, b.first), visit(a.second, b.second), ... `B` is the form that decides how many.
template <typename A, typename B, typename Visitor>
void for_each_field(const A& a, B& b, Visitor&& visit) {
  constexpr std::size_t kCount = kFieldCount<B>;
  static_assert(kCount <= 9, "add a case");
  if constexpr (kCount == 1) {
    const auto& [a1] = a;
    auto& [b1] = b;
    visit(a1, b1);
  } else if constexpr (kCount == 2) {
    const auto& [a1, a2] = a;
    auto& [b1, b2] = b;
    visit(a1, b1), visit(a2, b2);
  } else if constexpr (kCount == 3) {
    const auto& [a1, a2, a3] = a;
    auto& [b1, b2, b3] = b;
    visit(a1, b1), visit(a2, b2), visit(a3, b3);
  } else if constexpr (kCount == 4) {
    const auto& [a1, a2, a3, a4] = a;
    auto& [b1, b2, b3, b4] = b;
    visit(a1, b1), visit(a2, b2), visit(a3, b3), visit(a4, b4);
  } else if constexpr (kCount == 5) {
    const auto& [a1, a2, a3, a4, a5] = a;
    auto& [b1, b2, b3, b4, b5] = b;
    visit(a1, b1), visit(a2, b2), visit(a3, b3), visit(a4, b4), visit(a5, b5);
  } else if constexpr (kCount == 6) {
    const auto& [a1, a2, a3, a4, a5, a6] = a;
    auto& [b1, b2, b3, b4, b5, b6] = b;
    visit(a1, b1), visit(a2, b2), visit(a3, b3), visit(a4, b4), visit(a5, b5), visit(a6, b6);
  } else if constexpr (kCount == 7) {
    const auto& [a1, a2, a3, a4, a5, a6, a7] = a;
    auto& [b1, b2, b3, b4, b5, b6, b7] = b;
    visit(a1, b1), visit(a2, b2), visit(a3, b3), visit(a4, b4), visit(a5, b5), visit(a6, b6);
    visit(a7, b7);
  } else if constexpr (kCount == 8) {
    const auto& [a1, a2, a3, a4, a5, a6, a7, a8] = a;
    auto& [b1, b2, b3, b4, b5, b6, b7, b8] = b;
    visit(a1, b1), visit(a2, b2), visit(a3, b3), visit(a4, b4), visit(a5, b5), visit(a6, b6);
    visit(a7, b7), visit(a8, b8);
  } else if constexpr (kCount == 9) {
    const auto& [a1, a2, a3, a4, a5, a6, a7, a8, a9] = a;
    auto& [b1, b2, b3, b4, b5, b6, b7, b8, b9] = b;
    visit(a1, b1), visit(a2, b2), visit(a3, b3), visit(a4, b4), visit(a5, b5), visit(a6, b6);
    visit(a7, b7), visit(a8, b8), visit(a9, b9);
  }
}

}  // namespace seatrial::plan
