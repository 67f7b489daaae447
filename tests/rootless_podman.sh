#!/bin/sh
# rootless_podman.sh PROGRAM: podman as a user without privileges, on runc and on PROGRAM, must show
# the same. The user is one of a mount namespace's own /etc; nothing outlives its pid namespace.
# Needs root, runc, podman, busybox-static and uidmap, and skips (77) where one is missing.
set -eu
for needed in runc podman newuidmap busybox; do
  command -v $needed >/dev/null || { echo "$needed is not installed"; exit 77; }
done
[ -e /etc/subuid ] && [ -e /etc/subgid ] || { echo "/etc/subuid or /etc/subgid is missing"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "only root can become another user"; exit 77; }

dir=$(mktemp -d /tmp/rootless-podman.XXXXXX)
trap 'rm -rf --one-file-system "$dir"' EXIT
mkdir -p "$dir/root/bin" "$dir/root/etc" "$dir/home" "$dir/run"
cp "$(command -v busybox)" "$dir/root/bin/busybox"
for name in sh id cat ls grep touch sleep ps true; do ln -s busybox "$dir/root/bin/$name"; done
cp "$1" "$dir/seatrial-runtime"  # where it lies the user need not be able to go
for file in passwd group; do sed /:54321:/d "/etc/$file" >"$dir/$file"; done
echo "trial:x:54321:54321::$dir/home:/bin/sh" >>"$dir/passwd"
echo "trial:x:54321:" >>"$dir/group"
echo "trial:200000:65536" >"$dir/subuid"
cp "$dir/subuid" "$dir/subgid"
chown -R 54321:54321 "$dir/root" "$dir/home" "$dir/run"
chmod 755 "$dir"
chmod 700 "$dir/run"

cat >"$dir/workflows" <<'WORKFLOWS'
podman() {
  echo "+ podman $*"
  timeout 60 podman --storage-driver vfs --root "$HOME/storage" --cgroup-manager cgroupfs \
    --events-backend none --log-level error --runtime "$RUNTIME" "$@" 2>"$HOME/errors" || { echo "status $?"; [ -z "${SHOW:-}" ] || cat "$HOME/errors"; }
}
run() { podman run --rm --network none "$@"; }
root="--rootfs ${HOME%/home}/root"
run $root sh -c 'id; cat /proc/self/uid_map; ls /dev'
run --userns keep-id $root sh -c 'id -u; cat /proc/self/gid_map'
run --user 7:8 --group-add 9 $root id
run --cap-drop all --security-opt no-new-privileges $root grep -E 'Cap|NoNew|Seccomp:' /proc/self/status
run --read-only --tmpfs /t $root sh -c 'touch /t/x && ls /t; touch /x'
run -v "${HOME%/home}/root:/v:ro" $root sh -c 'ls /v/bin; touch /v/x'
run --pid host $root sh -c 'cat /proc/sys/net/ipv4/ping_group_range'
run --ulimit nofile=100:200 --oom-score-adj 100 $root sh -c 'ulimit -n; cat /proc/self/oom_score_adj'
run --privileged $root sh -c 'ls /dev | grep -c .; grep CapEff /proc/self/status'
run $root sh -c 'exit 42'
run $root none-such
run -t $root sh -c 'test -t 0 && ls -l /dev/console | grep -c 136'
podman run -d --name box --network none $root sleep 1000 | grep -c .
podman exec box sh -c 'id -u; cat /proc/1/comm'
podman exec -u 5 -e A=b box sh -c 'id -u; echo $A'
podman exec box none-such
podman pause box
podman stop -t 0 box
podman rm box
podman ps -aq
WORKFLOWS

# What podman shows on the runtime, into FILE.
show() {
  RUNTIME=$1 DIR=$dir unshare --mount --net --pid --fork --kill-child --mount-proc sh -euc '
    for file in passwd group subuid subgid; do mount --bind "$DIR/$file" "/etc/$file"; done
    mount -t tmpfs shm /dev/shm  # where podman leaves its locks
    exec setpriv --reuid 54321 --regid 54321 --clear-groups env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin \
      HOME="$DIR/home" XDG_RUNTIME_DIR="$DIR/run" RUNTIME="$RUNTIME" SHOW="${SHOW:-}" sh "$DIR/workflows"
  ' >"$2" 2>&1
  rm -rf --one-file-system "$dir/home/storage" "$dir/run/"*
}
show "$(command -v runc)" "$dir/runc"
show "$dir/seatrial-runtime" "$dir/seatrial"
# A control: the first container has run, as root of a user namespace, and the last is gone.
grep -q '^uid=0 gid=0' "$dir/runc" && grep -q '^box$' "$dir/runc" || { cat "$dir/runc"; exit 1; }
diff -u "$dir/runc" "$dir/seatrial" && echo "the same on both: $(grep -c '^+ ' "$dir/runc") workflows"
