// What a case throws when the engine did not do what every later line of the case relies on.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace seatrial::harness {

// The engine is to blame: the verdict is fail. Any other exception that leaves a case means that
// the harness broke: the verdict is error.
class EngineFailure : public std::runtime_error {
 public:
  explicit EngineFailure(const std::string& what,
                         std::source_location where = std::source_location::current())
      : std::runtime_error(what), where_(where) {}

  // The line of the case, not of the harness.
  const std::source_location& where() const { return where_; }

 private:
  std::source_location where_;
};

// The engine said no: it ended with a status other than 0 where the case needs it to go on. Telling
// this apart shows whether a target lacks a feature or has a broken one.
class Refusal : public EngineFailure {
 public:
  using EngineFailure::EngineFailure;
};

}  // namespace seatrial::harness
