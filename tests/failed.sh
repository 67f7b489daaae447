#!/bin/sh
# Prints what the failed tests of the last ctest run said, for where only the end of a log is kept.
# usage: failed.sh BUILD_DIRECTORY
set -eu
logs=$1/Testing/Temporary
[ -s "$logs/LastTestsFailed.log" ] || exit 0
awk '
  FNR == NR { sub(/^[0-9]+:/, ""); failed[$0] = 1; next }
  /^[0-9]+\/[0-9]+ Testing: / { name = substr($0, index($0, ": ") + 2); next }
  !(name in failed) { next }
  /^<end of output>$/ {
    print "\n=== " name
    for (i = count > 40 ? count - 39 : 1; i <= count; ++i) print line[i]
    inside = count = 0
  }
  inside && NF > 0 && !/^\[( +(RUN|OK) +|-+)\]/ { line[++count] = $0 }
  /^Output:$/ { inside = 1 }
' "$logs/LastTestsFailed.log" "$logs/LastTest.log"
