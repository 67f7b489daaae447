# Files that a program carries inside itself, so that it needs no data directory at run time.

# seatrial_embed(TARGET FUNCTION BASE dir FILES a.json ...)
# Adds a generated source to TARGET that defines
#   std::span<const EmbeddedFile> seatrial::harness::FUNCTION();
# with the files' names relative to BASE and their texts. A change of a file rebuilds it.
function(seatrial_embed target function)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "BASE" "FILES")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${function}.cc")
  add_custom_command(
    OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${source}" "-DFUNCTION=${function}" "-DBASE=${arg_BASE}"
            "-DFILES=${arg_FILES}" -P "${PROJECT_SOURCE_DIR}/cmake/write_embedded.cmake"
    DEPENDS ${arg_FILES} "${PROJECT_SOURCE_DIR}/cmake/write_embedded.cmake"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}")
endfunction()
