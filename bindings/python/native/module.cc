// The module `seatrial._native`: what the package's Python files stand on. Errors and conversions.
#include "bindings/python/native/bindings.h"
#include "engine/base/error.h"

namespace seatrial::python {
namespace {

// Made once and kept: a translator runs while an exception is on its way, no time for an import.
py::handle error_function;

}  // namespace

py::str text_of(std::string_view bytes) {
  PyObject* text =
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "surrogateescape");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

py::object datetime_of(core::Time time) {
  // Microseconds, datetime's own unit: a double of seconds would round.
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  const py::module_ datetime = py::module_::import("datetime");
  const py::object epoch = datetime.attr("datetime")(
      1970, 1, 1, py::arg("tzinfo") = datetime.attr("timezone").attr("utc"));
  return epoch + datetime.attr("timedelta")(py::arg("microseconds") = since_epoch);
}

void add_errors(py::module_& module) {
  static_cast<void>(module);
  error_function = py::object(py::module_::import("seatrial.errors").attr("error_of")).release();
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(std::move(thrown));
    } catch (const Error& failure) {
      const py::object error = error_function(std::string(to_string(failure.kind())),
                                              text_of(failure.what()), failure.sys_errno());
      PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
    }
  });
}

}  // namespace seatrial::python

PYBIND11_MODULE(_native, module) {
  using namespace seatrial::python;
  module.doc() = "The engine's own part of the package seatrial; use the package instead.";
  add_errors(module);
  add_container_records(module);
  add_resource_records(module);
  add_engine(module);
}
