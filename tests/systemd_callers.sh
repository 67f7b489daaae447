#!/bin/sh
# systemd_callers.sh root|user PROGRAM: podman and dockerd that leave cgroups to systemd, on runc and on
# PROGRAM, must show the same.
#   root: beside a systemd of the test's own, in cgroups of its own of v1's hierarchies.
#   user: podman alone, as a user without privileges under that user's systemd. For a lane with cgroup
#         v2: the system's systemd has the root of all cgroups there. There root works, too.
# Needs root and the programs below, and skips (77) where something is missing.
set -eu
mode=$1
skip() { echo "$*"; exit 77; }
for needed in /lib/systemd/systemd systemctl busctl runc podman conmon busybox dbus-daemon; do
  command -v $needed >/dev/null || skip "$needed is not installed"
done
[ "$(id -u)" = 0 ] || skip "only root can start a systemd"
if [ "$mode" = user ] || [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  [ "$(cat /proc/sys/kernel/hostname)" = lane ] && [ "$(cat /proc/1/comm)" = init ] ||
    skip "with v2 alone only in a lane, whose cgroups nobody else uses"
fi
if [ "$mode" = root ]; then
  for needed in dockerd docker; do
    command -v $needed >/dev/null || skip "$needed is not installed"
  done
fi

dir=$(mktemp -d /tmp/systemd-callers.XXXXXX)
hierarchies=
gone() { find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null; [ ! -e "$1" ]; }
clean() {
  # What was killed may not have left yet.
  for each in $hierarchies; do for i in $(seq 100); do gone "$each" && break; sleep 0.1; done; done
  rm -rf --one-file-system "$dir"
}
trap clean EXIT
chmod 755 "$dir"
mkdir -p "$dir/root/bin" "$dir/root/etc" "$dir/home"
cp "$(command -v busybox)" "$dir/root/bin/busybox"
for name in sh cat cut grep head ls sleep true; do ln -s busybox "$dir/root/bin/$name"; done
cp "$2" "$dir/seatrial-runtime"
for file in passwd group; do sed /:54321:/d "/etc/$file" >"$dir/$file"; done
echo "trial:x:54321:54321::$dir/home:/bin/sh" >>"$dir/passwd"
echo "trial:x:54321:" >>"$dir/group"
echo "trial:200000:65536" >"$dir/subid"
chown -R 54321:54321 "$dir/root" "$dir/home"

# What all of them say: the command, what came of it without ids, whether it failed, and the last thing
# on stderr. runc's refusals have other statuses for podman than ours, which goes by words in them; that
# a caller passes a runtime's words on is compared, and what it says itself.
cat >"$dir/common" <<'COMMON'
to_fail=
ids() { sed 's/[0-9a-f]\{64\}/ID/g'; }
# Without docker's hint, and runc's warning that a user may lack the rights to pause.
last_words() {
  grep -v "^Run 'docker\|^$\|level=warning msg=\"runc " "$1" | tail -n 1 |
    sed "s#.*\($RUNTIME: \|OCI [a-z]* \).*#(the runtime's words)#" | ids
}
# In front of what is to fail on both. All else is to work on both.
fails() { to_fail=yes; "$@"; to_fail=; }
result_of() {
  status=0
  timeout 100 "$@" >"$HOME/said" 2>"$HOME/errors" || status=$?
  [ $status = 0 ] || echo "failed: $status" | sed 's/12[5-7]/refused/'
  case $status$to_fail in 0|*[1-9]*yes) ;; *) echo "not as it is to be: $status" ;; esac
  ids <"$HOME/said"
  last_words "$HOME/errors"
  [ -z "${SHOW:-}" ] || cat "$HOME/errors"
}
podman() {
  echo "+ podman $*"
  result_of podman --storage-driver vfs --root "$HOME/storage" --cgroup-manager systemd \
    --events-backend none --log-level error --runtime "$RUNTIME" "$@"
}
docker() {
  echo "+ docker $*"
  result_of docker "$@"
}
# Which scopes there are, and what systemd knows of their limits.
scopes() {
  $1 list-units --no-legend --plain "$2" | grep -v conmon | while read -r unit load active sub rest; do
    echo "$unit $active $sub" | ids
    $1 show -p MemoryMax -p MemoryLimit -p TasksMax -p CPUQuotaPerSecUSec -p Slice -p Delegate \
      -p ControlGroup "$unit" | ids
  done
}
# runc leaves init in the slice's devices cgroup (docs/findings.md), so that one is left out.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  own='cat /proc/self/cgroup'
  limits='cd /sys/fs/cgroup; head -n 1 memory.max memory.swap.max cpu.max pids.max'
else
  own='cut -d: -f2,3 /proc/self/cgroup | grep -v ^devices'
  limits='cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes'
  limits="$limits cpu/cpu.cfs_quota_us cpu/cpu.shares pids/pids.max cpuset/cpuset.cpus"
fi
hog='x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'
COMMON

cat >"$dir/podman_root" <<'WORKFLOWS'
box() { podman run -d --name box --network none --memory 64m --pids-limit 50 $root sleep 1000; }
podman info --format '{{.Host.CgroupManager}}'
podman run --rm --network none $root sh -c "$own"
podman run --rm --network none --memory 64m --memory-swap 128m --cpus 0.5 --cpu-shares 512 \
  --pids-limit 50 --cpuset-cpus 0 $root sh -c "$limits"
box
scopes systemctl 'libpod-[0-9a-f]*.scope'
podman inspect --format '{{.State.CgroupPath}}' box
podman exec box sh -c "$own"
podman stats --no-stream --format '{{.MemLimit}} {{.PIDs}}' box
podman top box comm
podman pause box
podman unpause box
podman update --memory 32m --cpu-shares 200 box
systemctl daemon-reload
podman exec box sh -c "$limits"
fails podman exec box /no/such
podman kill box
podman wait box
podman rm box
fails podman run --network none --memory 32m --memory-swap 32m $root sh -c "$hog"
podman run --rm --network none --cgroup-parent my-own.slice $root sh -c "$own"
podman rm -af
scopes systemctl 'libpod-*'
find /sys/fs/cgroup -name 'libpod-*'
WORKFLOWS

# "docker top" is left out: runc finds no process for it, for the same reason.
cat >"$dir/docker_root" <<'WORKFLOWS'
state=/run/docker-$(basename $RUNTIME)
dockerd --data-root $state/data --exec-root $state/exec -H unix://$state/socket \
  --pidfile $state/pid --iptables=false --ip-masq=false --bridge=none --storage-driver=vfs \
  --exec-opt native.cgroupdriver=systemd --add-runtime trial=$RUNTIME >$HOME/log 2>&1 &
export DOCKER_HOST=unix://$state/socket
for i in $(seq 300); do command docker version >$HOME/said 2>&1 && break; sleep 0.1; done
tar -C "$DIR/root" -c . | command docker import - image >$HOME/said
run() { docker run --runtime trial --network none "$@"; }
docker info --format '{{.CgroupDriver}}'
run --rm image sh -c "$own"
run --rm --memory 64m --memory-swap 128m --cpus 0.5 --cpu-shares 512 --pids-limit 50 --cpuset-cpus 0 \
  image sh -c "$limits"
run --rm --device /dev/fuse image ls /dev/fuse
run -d --name box --memory 64m --pids-limit 50 image sleep 1000
scopes systemctl 'docker-*.scope'
docker exec box sh -c "$own"
docker update --memory 32m --memory-swap 64m --pids-limit 40 --cpu-shares 200 box
systemctl daemon-reload
docker exec box sh -c "$limits"
docker stats --no-stream --format '{{.PIDs}}' box
docker pause box
docker inspect --format '{{.State.Status}}' box
docker unpause box
docker kill box
docker wait box
docker start box
docker restart -t 0 box
docker rm -f box
# On a word: containerd's shim listens for a lack of memory only once start has returned.
run -d --name hog --memory 32m --memory-swap 32m image sh -c "until [ -e /go ]; do sleep 0.1; done; $hog"
docker exec hog sh -c ': >/go'
docker wait hog
docker inspect --format '{{.State.ExitCode}} {{.State.OOMKilled}}' hog
docker rm hog
run --rm --cgroup-parent my-own.slice image sh -c "$own"
fails run --rm --cgroup-parent /no/slice image true
kill $(cat $state/pid)
wait
scopes systemctl 'docker-*.scope'
find /sys/fs/cgroup -name 'docker-*'
WORKFLOWS
cat >"$dir/podman_user" <<'WORKFLOWS'
podman info --format '{{.Host.CgroupManager}} {{.Host.CgroupControllers}}'
podman run --rm --network none --memory 64m --memory-swap 128m --cpus 0.5 --pids-limit 50 \
  $root sh -c "$limits"
fails podman run --rm --network none --cpuset-cpus 0 $root true
podman run -d --name box --network none --pids-limit 50 $root sleep 1000
podman inspect --format '{{.State.CgroupPath}}' box
scopes 'systemctl --user' 'libpod-[0-9a-f]*.scope'
podman exec box sh -c 'cat /proc/self/cgroup'
podman stats --no-stream --format '{{.PIDs}}' box
podman pause box
podman unpause box
podman update --memory 32m box
podman exec box sh -c "$limits"
podman kill box
podman wait box
podman rm box
scopes 'systemctl --user' 'libpod-*'
find "/sys/fs/cgroup/user.slice/user-54321.slice/user@54321.service" -name 'libpod-[0-9a-f]*'
WORKFLOWS

cat >"$dir/bus.conf" <<'BUS'
<busconfig><type>system</type><listen>unix:path=/nowhere</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow send_type="method_return"/><allow send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/>
<allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>
BUS

# Beside systemd: the callers, each with both runtimes.
cat >"$dir/beside" <<'BESIDE'
cd "$DIR"  # where conmon leaves a file on a lack of memory
run_all() {
  for runtime in runc seatrial; do
    if [ $runtime = runc ]; then RUNTIME=$(command -v runc); else RUNTIME=$DIR/seatrial-runtime; fi
    for caller in $1; do
      $2 env HOME="$DIR/home" DIR="$DIR" RUNTIME="$RUNTIME" SHOW="${SHOW:-}" root="--rootfs $DIR/root" \
        sh -euc '. "$DIR/common"; for part in $1; do . "$DIR/$part"; done' sh $caller >>"$DIR/$runtime" 2>&1
      rm -rf --one-file-system "$DIR/home/storage"
    done
  done
}
if [ $MODE = root ]; then
  run_all 'podman_root docker_root' ''
else
  mount --bind "$DIR/subid" /etc/subuid
  mount --bind "$DIR/subid" /etc/subgid
  systemctl start dbus.service  # which the user's systemd looks for once, when it starts
  systemctl start user@54321.service
  user="setpriv --reuid 54321 --regid 54321 --clear-groups env -i PATH=$PATH XDG_RUNTIME_DIR=/run/user/54321
    DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/54321/bus"
  $user systemctl --user start dbus.service
  run_all 'podman_user' "$user"
fi
BESIDE

# The first process of the namespaces becomes systemd.
cat >"$dir/first" <<'FIRST'
mount --make-rprivate /
for file in passwd group; do mount --bind "$DIR/$file" "/etc/$file"; done
mount -t tmpfs run /run
mkdir -p /dev/shm /run/units /run/user-units /run/user/54321
mount -t tmpfs shm /dev/shm  # where podman leaves its locks
ip link set lo up
chown 54321:54321 /run/user/54321
chmod 700 /run/user/54321
if [ -n "$CONTROLLERS" ]; then
  mount -t tmpfs cgroup /sys/fs/cgroup
  for each in $CONTROLLERS name=systemd; do
    mkdir "/sys/fs/cgroup/${each#name=}"
    mount -t cgroup -o "$(echo $each | sed 's/^name=/none,&/')" cgroup "/sys/fs/cgroup/${each#name=}"
  done
fi
alone='[Unit]\nDefaultDependencies=no\n'
for each in default basic sysinit shutdown exit; do printf "$alone" >/run/units/$each.target; done
printf "$alone[Socket]\nListenStream=/run/dbus/system_bus_socket\n" >/run/units/dbus.socket
printf "$alone[Socket]\nListenStream=%%t/bus\n" >/run/user-units/dbus.socket
printf "$alone[Service]\nType=notify\nNotifyAccess=main\nExecStart=/usr/bin/dbus-daemon \
--config-file=$DIR/bus.conf --address=systemd: --nofork --nopidfile\n" >/run/units/dbus.service
sed -i 's/^\[Service/Requires=dbus.socket\n&/' /run/units/dbus.service
printf "$alone[Service]\nUser=%%i\nType=notify\nExecStart=/lib/systemd/systemd --user\n\
Slice=user-%%i.slice\nKillMode=mixed\nDelegate=pids memory cpu\nEnvironment=HOME=$DIR/home \
XDG_RUNTIME_DIR=/run/user/%%i SYSTEMD_UNIT_PATH=/run/user/%%i/systemd/transient:/run/user-units:/run/units\n" \
  >"/run/units/user@.service"
(
  until [ -e /run/systemd/private ]; do sleep 0.1; done
  status=0
  sh -eu "$DIR/beside" >"$DIR/log" 2>&1 || status=$?
  echo $status >"$DIR/status"
) &
exec env SYSTEMD_UNIT_PATH=/run/systemd/system.control:/run/systemd/transient:/run/units \
  SYSTEMD_LOG_TARGET=console container=seatrial \
  /lib/systemd/systemd --system --default-standard-output=null --show-status=no
FIRST

export DIR=$dir MODE=$mode CONTROLLERS=
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  for each in $(sed -n 's/^[0-9]*:\([^:]*\):.*/\1/p' /proc/self/cgroup); do
    [ -d "/sys/fs/cgroup/${each#name=}" ] || skip "$each is mounted elsewhere"
    hierarchies="$hierarchies /sys/fs/cgroup/${each#name=}/$(basename "$dir")"
    case $each in name=*) ;; *) CONTROLLERS="$CONTROLLERS $each" ;; esac
  done
  mkdir $hierarchies
  for file in cpus mems; do
    set -- /sys/fs/cgroup/cpuset/$(basename "$dir")/cpuset.$file
    cat "/sys/fs/cgroup/cpuset/cpuset.$file" >"$1"
  done
fi
# Where the namespaces are made, all is in the cgroups already.
sh -euc 'for each in $1; do echo $$ >"$each/cgroup.procs"; done
  exec setpriv --pdeathsig KILL unshare --mount --net --pid --cgroup --fork --kill-child --mount-proc \
    sh -eu "$DIR/first"' sh "$hierarchies" >"$dir/systemd" 2>&1 &
namespaces=$!
# Once it is gone, its number may be anybody's; only a child of this shell is it.
is_there() { [ "$(sed -n 's/^PPid:\t//p' "/proc/$namespaces/status" 2>&1)" = $$ ]; }
for i in $(seq 5000); do
  [ ! -e "$dir/status" ] && is_there || break
  sleep 0.1
done
! is_there || kill -9 $namespaces
wait $namespaces || :  # how it ended says nothing: what was found is in the files
[ "$(cat "$dir/status" 2>/dev/null)" = 0 ] || {
  tail -n 20 "$dir/systemd" "$dir/log" "$dir/runc" "$dir/seatrial"
  exit 1
}
[ -z "${SHOW:-}" ] || cat "$dir/runc" "$dir/seatrial"
# A control: there was a scope of each caller's, and a container that ran in it.
for caller in libpod $([ $mode = user ] || echo docker); do
  grep -q "$caller-ID.scope active running" "$dir/runc" || { cat "$dir/runc"; exit 1; }
done
if grep -B 3 -A 3 '^not as it is to be' "$dir/runc"; then exit 1; fi
diff -u "$dir/runc" "$dir/seatrial" && echo "the same on both: $(grep -c '^+ ' "$dir/runc") workflows"
