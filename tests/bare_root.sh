#!/bin/sh
# bare_root.sh [COMMAND ARGUMENT...]: runs a command (default: ./run conform) in a copy of this checkout
# on a bare Debian 12 made by mmdebstrap, as a new user would. The root is entered by pivot_root in mount and pid namespaces
# of its own (inside a plain chroot no runtime can pivot) and is gone afterwards.
# BARE_ROOT_TAR keeps the bare root between runs; BARE_ROOT_CCACHE is a directory of ccache's that is
# lent to it, for a second try: a new user has none. It serves where it was filled by the same compiler
# (compiler_check = content: the file's time is another) in the same language, which ccache looks at.
set -eu
project=$(cd "$(dirname "$0")/.." && pwd)
tar=${BARE_ROOT_TAR:-$(mktemp -u /tmp/bare-root.XXXXXX.tar)}
[ -e "$tar" ] || mmdebstrap --variant=minbase bookworm "$tar"
[ $# -gt 0 ] || set -- ./run conform

root=$(mktemp -d /tmp/bare-root.XXXXXX)
trap 'rmdir "$root"; [ -n "${BARE_ROOT_TAR:-}" ] || rm -f "$tar"' EXIT
export root tar project
unshare --mount --propagation private --pid --fork --kill-child sh -euc '
  mount -t tmpfs -o size=8g bare "$root"
  tar -C "$root" -xf "$tar"
  mkdir "$root/project" "$root/old"
  (cd "$project" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - --ignore-failed-read) |
    tar -C "$root/project" -xf -
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  if [ -n "${BARE_ROOT_CCACHE:-}" ]; then
    mkdir -p "$root/root/.cache/ccache"
    mount --bind "$BARE_ROOT_CCACHE" "$root/root/.cache/ccache"
    mkdir -p "$root/root/.config/ccache"
    echo "compiler_check = content" >"$root/root/.config/ccache/ccache.conf"
  fi
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  cd "$root"
  pivot_root . old
  umount -l /old
  rmdir /old
  cd /project
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root ${LANG+"LANG=$LANG"} "$@"
' sh "$@"
