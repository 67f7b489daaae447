#!/bin/sh
# Format and lints. `--fix` rewrites the format; `--changed` looks only at what differs from HEAD.
set -eu
fix=no
select='git ls-files --cached --others --exclude-standard'
for argument in "$@"; do
  case $argument in
    --fix) fix=yes ;;
    --changed) select='git diff --name-only --diff-filter=d HEAD' ;;
    *) echo "tidy: no option '$argument' (--fix, --changed)" >&2; exit 2 ;;
  esac
done
sources=$($select -- '*.cc' '*.h')
if [ "$fix" = yes ]; then
  echo "$sources" | xargs -r clang-format-19 -i
else
  echo "$sources" | xargs -r clang-format-19 --dry-run --Werror
fi
[ -e build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
echo "$sources" | grep '\.cc$' | grep -v -e '_fuzz\.cc$' -e fmt_library |
  xargs -r -P "$(nproc)" -n 4 clang-tidy-19 -p build/dev --quiet
