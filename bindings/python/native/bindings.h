// What the sources of the module `seatrial._native` share. pybind11 is included here and nowhere
// else.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/container_types.h"

namespace seatrial::python {

namespace py = pybind11;

// Text from inside a container: bytes that are not UTF-8 become lone surrogates, as os.fsdecode
// has them, instead of an error.
py::str text_of(std::string_view bytes);
// datetime.datetime in UTC.
py::object datetime_of(core::Time time);

// A struct as a Python class whose repr() names all fields.
template <typename T>
class Record {
 public:
  Record(py::module_& module, const char* name) : class_(module, name), name_(name) {}

  template <typename Member>
  Record& field(const char* name, Member T::* member) {
    class_.def_readonly(name, member);
    names_.emplace_back(name);
    return *this;
  }
  // One that Python code may set, too.
  template <typename Member>
  Record& input(const char* name, Member T::* member) {
    class_.def_readwrite(name, member);
    names_.emplace_back(name);
    return *this;
  }
  Record& text(const char* name, std::string T::* member) {
    return computed(name, [member](const T& self) { return text_of(self.*member); });
  }
  Record& time(const char* name, core::Time T::* member) {
    return computed(name, [member](const T& self) { return datetime_of(self.*member); });
  }
  template <typename Get>
  Record& computed(const char* name, Get get) {
    class_.def_property_readonly(name, get);
    names_.emplace_back(name);
    return *this;
  }
  // Makes it constructible from keywords; one that is no field is an AttributeError.
  Record& from_keywords() {
    class_.def(py::init([](const py::kwargs& fields) {
      T value;
      const py::object view = py::cast(&value, py::return_value_policy::reference);
      for (const auto& [name, content] : fields) py::setattr(view, name, content);
      return value;
    }));
    return *this;
  }
  void done() {
    class_.def("__repr__", [name = name_, names = names_](const py::object& self) {
      py::list parts;
      for (const std::string& each : names) {
        parts.append(py::str("{}={!r}").format(each, self.attr(each.c_str())));
      }
      return py::str("{}({})").format(name, py::str(", ").attr("join")(parts));
    });
  }

 private:
  py::class_<T> class_;
  std::string name_;
  std::vector<std::string> names_;
};

// Each adds its part to the module.
void add_container_records(py::module_& module);
void add_resource_records(py::module_& module);
void add_errors(py::module_& module);
void add_engine(py::module_& module);

}  // namespace seatrial::python
