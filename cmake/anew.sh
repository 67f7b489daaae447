#!/bin/sh
# Runs a compiler's command whose output (-o) is gone before. ccache takes a precompiled header that is
# there, from before its headers changed, for one that the command uses, and may bring it back.
last=
for word; do
  [ "$last" != -o ] || rm -f "$word"
  last=$word
done
exec "$@"
