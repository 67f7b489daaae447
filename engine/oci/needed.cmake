# The program's start-up cost is what it links: fails when PROGRAM needs a shared library that is
# not in ALLOWED (a list of names).
cmake_minimum_required(VERSION 3.25)  # IN_LIST
execute_process(COMMAND readelf --dynamic --wide "${PROGRAM}" OUTPUT_VARIABLE dynamic
                RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "readelf cannot read ${PROGRAM}")
endif()
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*\\[[^]]*\\]" lines "${dynamic}")
foreach(line IN LISTS lines)
  string(REGEX REPLACE ".*\\[(.*)\\]" "\\1" library "${line}")
  if(NOT library IN_LIST ALLOWED)
    message(SEND_ERROR "${PROGRAM} needs ${library}; allowed: ${ALLOWED}")
  endif()
endforeach()
