# The build-time half of seatrial_ctest_cases(): writes OUTPUT, which tells ctest of every case of
# PROGRAM on each of TARGETS that it takes. Whether the command of FORM:COMMAND is installed is decided
# when ctest reads it.
execute_process(COMMAND "${PROGRAM}" --list
  OUTPUT_VARIABLE list RESULT_VARIABLE status ERROR_VARIABLE complaint)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} --list: ${status} ${complaint}")
endif()
# Names hold no quotes, and no other member is called so.
string(REGEX MATCHALL "\"name\": *\"[^\"]*\"" names "${list}")

# Globs over the targets that the suite takes, as one regular expression.
string(JSON globs ERROR_VARIABLE no_globs GET "${list}" targets)
if(no_globs)
  set(takes ".*")
else()
  string(REGEX MATCHALL "\"[^\"]*\"" globs "${globs}")
  list(TRANSFORM globs REPLACE "\"" "")
  list(TRANSFORM globs REPLACE "[*]" ".*")
  list(JOIN globs "|" takes)
endif()

get_filename_component(suites "${PROGRAM}" DIRECTORY)
set(text "")
foreach(spec IN LISTS TARGETS)
  if(NOT spec MATCHES "^(${takes})$")
    continue()
  endif()
  string(REGEX REPLACE "^[a-z]+:" "" target "${spec}")
  # The command of a peer that a suite's fixture starts is called otherwise.
  string(REGEX REPLACE "^docker$" "dockerd" command "${target}")
  if(spec MATCHES "^([a-z]+:.*|docker|podman)$")
    string(APPEND text "find_program(found_${target} ${command} PATHS /usr/sbin /sbin)\n"
                       "if(found_${target})\n")
  endif()
  foreach(name IN LISTS names)
    string(REGEX REPLACE "^\"name\": *\"(.*)\"$" "\\1" name "${name}")
    set(test "${SUITE}/${target}/${name}")
    string(APPEND text
      "add_test([==[${test}]==] \"${SEATRIAL}\" conform --quiet --no-host-check --progress never"
      " --facts-cache \"${FACTS}\" --target ${spec} --suite ${SUITE} --case [==[${name}]==])\n"
      "set_tests_properties([==[${test}]==] PROPERTIES LABELS \"suite:${SUITE};target:${target}\""
      " SKIP_RETURN_CODE 3 TIMEOUT 300 ENVIRONMENT \"SEATRIAL_SUITES=${suites}\")\n")
  endforeach()
  if(spec MATCHES "^([a-z]+:.*|docker|podman)$")
    string(APPEND text "endif()\n")
  endif()
endforeach()
file(WRITE "${OUTPUT}" "${text}")
