# Language level, warnings, sanitizers, output folders: what holds for every target.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

set(SEATRIAL_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, comma-separated")
option(SEATRIAL_FUZZ "Build the libFuzzer targets (clang only)" OFF)

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers and ccache agree only when ccache is told to be sloppy about them. The
  # language of messages makes no other object; a Jenkins job has another than a shell.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime,locale;${CCACHE}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
                    -fstack-protector-strong)
add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fno-plt)
  # GCC 12 warns falsely of both in std::string (GCC bugs 105651 and 105329).
  add_compile_options(-Wno-restrict -Wno-array-bounds)
endif()

if(SEATRIAL_SANITIZE)
  add_compile_options(-fsanitize=${SEATRIAL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SEATRIAL_SANITIZE})
endif()
if(SEATRIAL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()

find_program(LLD ld.lld)
if(LLD)
  add_link_options(-fuse-ld=lld)
endif()
