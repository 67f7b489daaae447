# Tells ctest of the fake suite's cases, as seatrial_ctest_cases() does, and looks at what ctest makes of
# the verdicts: a pass is green, a skip is skipped, a failure and an error are red.
file(REMOVE_RECURSE "${DIR}")
file(MAKE_DIRECTORY "${DIR}")
execute_process(COMMAND "${CMAKE_COMMAND}"
  -DSUITE=fake "-DPROGRAM=${SUITES}/fake" "-DSEATRIAL=${SEATRIAL}" "-DTARGETS=good;oci:not-installed"
  "-DFACTS=${DIR}/facts" "-DOUTPUT=${DIR}/CTestTestfile.cmake" -P "${SCRIPT}"
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND "${CTEST}" -L target:good -R "^fake/good/Fake.(Passes|Skips|Fails|Breaks)$"
  WORKING_DIRECTORY "${DIR}" OUTPUT_VARIABLE seen)
foreach(expected
    "fake/good/Fake.Passes [.]+ +Passed"
    "fake/good/Fake.Skips [.]+[*]+Skipped"
    "fake/good/Fake.Fails [.]+[*]+Failed"
    "fake/good/Fake.Breaks [.]+[*]+Failed"
    "2 tests failed out of 4")
  if(NOT seen MATCHES "${expected}")
    message(FATAL_ERROR "ctest did not print \"${expected}\" but:\n${seen}")
  endif()
endforeach()
# A suite's tests are on the targets that it takes.
file(WRITE "${DIR}/narrow" "#!/bin/sh\n"
  "echo '{\"suite\":\"narrow\",\"targets\":[\"good\",\"sh*\"],\"cases\":[{\"name\": \"N.N\"}]}'\n")
file(CHMOD "${DIR}/narrow" PERMISSIONS OWNER_READ OWNER_EXECUTE)
execute_process(COMMAND "${CMAKE_COMMAND}"
  -DSUITE=narrow "-DPROGRAM=${DIR}/narrow" "-DSEATRIAL=${SEATRIAL}" "-DTARGETS=good;goods;shore"
  "-DFACTS=${DIR}/facts" "-DOUTPUT=${DIR}/narrow.cmake" -P "${SCRIPT}"
  COMMAND_ERROR_IS_FATAL ANY)
file(READ "${DIR}/narrow.cmake" written)
if(NOT written MATCHES "narrow/good/N.N" OR NOT written MATCHES "narrow/shore/N.N"
   OR written MATCHES "narrow/goods")
  message(FATAL_ERROR "the tests are not on the targets that the suite takes:\n${written}")
endif()
execute_process(COMMAND "${CTEST}" -N -L target:not-installed
  WORKING_DIRECTORY "${DIR}" OUTPUT_VARIABLE seen)
if(NOT seen MATCHES "Total Tests: 0")
  message(FATAL_ERROR "cases of a target that is not installed are tests:\n${seen}")
endif()
