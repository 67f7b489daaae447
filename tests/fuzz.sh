#!/bin/sh
# fuzz.sh BUILD SECONDS: runs every fuzzer of the build for SECONDS from its checked-in corpus.
# New inputs go to BUILD/corpus; a finding leaves its input in BUILD and ends with status 1.
set -eu
build=$1
seconds=$2
status=0
for fuzzer in "$build"/bin/*_fuzz; do
  name=$(basename "$fuzzer" _fuzz)
  seeds=$(echo engine/*/fuzz_corpus/"${name#parse_}")
  mkdir -p "$build/corpus/$name"
  echo "fuzzing $name for $seconds s" >&2
  if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$build/$name-" "$build/corpus/$name" "$seeds" \
      >"$build/$name.log" 2>&1; then
    grep number_of_executed_units "$build/$name.log"
  else
    tail -30 "$build/$name.log" >&2
    status=1
  fi
done
exit "$status"
