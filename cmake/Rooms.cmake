# How a room, a program and a unit test are declared, so that each room's
# CMakeLists.txt reads as a list of what it owns.

# seatrial_room(NAME SOURCES a.cc ... [LINK target ...])
# One static library `seatrial_NAME` per room; LINK names the rooms and libraries it stands on.
function(seatrial_room name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_library(seatrial_${name} STATIC ${arg_SOURCES})
  target_include_directories(seatrial_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(seatrial_${name} PUBLIC ${arg_LINK})
endfunction()

# seatrial_program(NAME SOURCES main.cc ... [LINK target ...])  ->  bin/NAME
function(seatrial_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LINK})
endfunction()

# seatrial_library(VARIABLE ITEM ARCHIVE [NEEDS item ...])
# VARIABLE becomes what a room links for the library ITEM: in programs with the property
# SEATRIAL_STATIC_LIBRARIES the archive of that name, and what it NEEDS; elsewhere (tests, the module
# for Python) the shared one. To be quoted where it is used.
function(seatrial_library variable item archive)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" "" "NEEDS")
  find_library(${variable}_ARCHIVE NAMES ${archive})
  set(chosen "${item}")
  if(${variable}_ARCHIVE AND NOT SEATRIAL_SANITIZE AND NOT SEATRIAL_FUZZ)
    set(static "$<BOOL:$<TARGET_PROPERTY:SEATRIAL_STATIC_LIBRARIES>>")
    set(chosen "$<IF:${static},${${variable}_ARCHIVE},${item}>")
    foreach(need IN LISTS arg_NEEDS)
      list(APPEND chosen "$<${static}:${need}>")
    endforeach()
  endif()
  set(${variable} "${chosen}" PARENT_SCOPE)
endfunction()

# seatrial_lightly_optimised(TARGET): for what tests. Its own speed matters less than the time that
# -O2 takes to compile it; what is tested stays as it is shipped.
function(seatrial_lightly_optimised target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# seatrial_precompile(TARGET NAME HEADERS header ... LINK target ...)
# The program TARGET starts from these headers, which are parsed once for all programs that give the
# same NAME: they cost more than most sources that include them. LINK is what the headers need.
function(seatrial_precompile target name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "HEADERS;LINK")
  if(NOT TARGET precompiled_${name})
    add_library(precompiled_${name} OBJECT "${PROJECT_SOURCE_DIR}/cmake/precompiled.cc")
    target_link_libraries(precompiled_${name} PRIVATE ${arg_LINK})
    target_precompile_headers(precompiled_${name} PRIVATE ${arg_HEADERS})
    # As programs are compiled, or the compiler would not take it for them.
    set_target_properties(precompiled_${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(precompiled_${name} PRIVATE -fPIE)
    seatrial_lightly_optimised(precompiled_${name})
    set_property(TARGET precompiled_${name} PROPERTY CXX_COMPILER_LAUNCHER
      sh "${PROJECT_SOURCE_DIR}/cmake/anew.sh" ${CMAKE_CXX_COMPILER_LAUNCHER})
  endif()
  target_precompile_headers(${target} REUSE_FROM precompiled_${name})
endfunction()

# seatrial_unit_test(ROOM SOURCES x_test.cc ... [LINK target ...])
# All of a room's unit tests in one program `ROOM_test`, one ctest entry per room, label `unit`.
function(seatrial_unit_test room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  find_package(GTest REQUIRED)
  add_executable(${room}_test ${arg_SOURCES})
  target_include_directories(${room}_test PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${room}_test PRIVATE seatrial_${room} ${arg_LINK} GTest::gmock GTest::gtest_main)
  seatrial_lightly_optimised(${room}_test)
  seatrial_precompile(${room}_test unit_tests
    HEADERS <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp> <fmt/format.h> <filesystem> <thread>
    LINK seatrial_base GTest::gmock)
  set_target_properties(${room}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/unit")
  add_test(NAME unit.${room} COMMAND ${room}_test)
  set_tests_properties(unit.${room} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# seatrial_fuzzer(NAME SOURCES x_fuzz.cc CORPUS dir [LINK target ...])
# A libFuzzer program in the fuzz preset; elsewhere the same entry point replays the
# checked-in corpus as a ctest, so that a crash once found stays fixed.
function(seatrial_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;LINK")
  if(SEATRIAL_FUZZ)
    seatrial_program(${name} SOURCES ${arg_SOURCES} LINK ${arg_LINK})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY SEATRIAL_FUZZERS ${name})
  else()
    seatrial_program(${name} SOURCES ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/cmake/replay_corpus.cc" LINK ${arg_LINK})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/unit")
    add_test(NAME fuzz.${name} COMMAND ${name} "${arg_CORPUS}")
    set_tests_properties(fuzz.${name} PROPERTIES LABELS "unit;fuzz" TIMEOUT 120)
  endif()
endfunction()
