# Looks at a linked binary: does it stand alone, and does it hold nothing of an allocator, of stdio
# or of the C++ runtime?
#   cmake -DBINARY=... -DNM=... -DREADELF=... -P check_freestanding.cmake
set(most_bytes 204800)
set(faults "")

function(inspect result)
  execute_process(COMMAND ${ARGN} "${BINARY}" OUTPUT_VARIABLE output RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN} failed on ${BINARY}")
  endif()
  set(${result} "${output}" PARENT_SCOPE)
endfunction()

inspect(undefined "${NM}" --undefined-only)
inspect(defined "${NM}" --defined-only --format=posix)
inspect(segments "${READELF}" --wide --segments)
file(SIZE "${BINARY}" size)

if(size GREATER most_bytes)
  string(APPEND faults "it has ${size} bytes; ${most_bytes} are the most\n")
endif()
if(NOT undefined STREQUAL "")
  string(APPEND faults "it has undefined symbols:\n${undefined}")
endif()
if(segments MATCHES "INTERP|DYNAMIC")
  string(APPEND faults "it wants a dynamic linker\n")
endif()
if(NOT defined MATCHES "(^|\n)_start ")
  string(APPEND faults "it has no symbols, so that nothing was looked at\n")
endif()
# Allocators, operator new and delete, stdio, exceptions, static initialisation, type information.
set(forbidden
  "malloc|calloc|realloc|free|_Zn[wa][a-zA-Z0-9_]*|_Zd[la][a-zA-Z0-9_]*|[a-z_]*printf[a-z_]*|f?puts|fwrite|fopen|__cxa_[a-z_]*|__gxx_[a-z_]*|_Unwind_[a-zA-Z_]*|__gcov_[a-z_]*|__[at]san_[a-z_]*|__ubsan_[a-z_]*|__stack_chk_fail|_ZT[IV][a-zA-Z0-9_]*|_GLOBAL__sub_[a-zA-Z0-9_.]*")
string(REGEX MATCHALL "(^|\n)(${forbidden}) " found "${defined}")
if(found)
  list(LENGTH found count)
  list(SUBLIST found 0 10 found)
  string(REPLACE "\n" "" found "${found}")
  string(APPEND faults "it holds ${count} symbols that it must not: ${found}\n")
endif()

if(faults)
  message(FATAL_ERROR "${BINARY} is not freestanding: ${faults}")
endif()
message(STATUS "${BINARY}: ${size} bytes, stands alone")
