# One ctest per conformance case and target.

# Targets whose cases are ctest tests, in the suites that take them; FORM:COMMAND only where the
# command is installed. Not in the cache, where a build folder would keep the list of an older tree.
if(NOT DEFINED SEATRIAL_TRIAL_TARGETS)
  set(SEATRIAL_TRIAL_TARGETS reference oci:runc oci:crun registry:docker-registry docker podman
      dropin:docker dropin:podman dropin:containerd)
endif()

# seatrial_ctest_cases(TARGET SUITE)
# The cases of the suite program that TARGET builds become tests named SUITE/TARGET/CASE with the
# labels suite:SUITE and target:TARGET. The list is the program's own, written whenever it was
# built, so that a new case is a new test without another configure.
function(seatrial_ctest_cases target suite)
  set(tests "${CMAKE_CURRENT_BINARY_DIR}/${suite}_trials.cmake")
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}"
            "-DSUITE=${suite}" "-DPROGRAM=$<TARGET_FILE:${target}>"
            "-DSEATRIAL=$<TARGET_FILE:seatrial>" "-DTARGETS=${SEATRIAL_TRIAL_TARGETS}"
            "-DFACTS=${CMAKE_BINARY_DIR}/facts" "-DOUTPUT=${tests}"
            -P "${PROJECT_SOURCE_DIR}/cmake/write_trials.cmake"
    BYPRODUCTS "${tests}"
    COMMENT "Listing the cases of suite ${suite}"
    VERBATIM)

  # What ctest reads; the suite may not have been built.
  set(include "${CMAKE_CURRENT_BINARY_DIR}/${suite}_tests.cmake")
  file(WRITE "${include}"
    "if(EXISTS \"${tests}\")\n  include(\"${tests}\")\n"
    "else()\n  add_test(${suite}_NOT_BUILT ${suite}_NOT_BUILT)\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${include}")
endfunction()
