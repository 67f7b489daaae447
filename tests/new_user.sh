#!/bin/sh
# new_user.sh [ARGUMENT...]: walks the ways of all three kinds of user, as README and docs/ tell them,
# on a machine where nothing is installed yet; `sh tests/bare_root.sh sh tests/new_user.sh` gives it one.
# Trials (the arguments go to ./run conform), a published port, the Python package with its examples,
# the Jenkinsfile in the simulator.
set -eu
cd "$(dirname "$0")/.."
say() { printf '== %s (%s)\n' "$1" "$(date +%T)"; }

say 'trials of the reference engine and its peers'
./run conform "$@"
PATH="$PWD/build/release/bin:$PATH"

say 'a web server in a container'
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends curl >/dev/null
seatrial image build-test busybox
mkdir /tmp/www
echo ahoy >/tmp/www/index.html
# What publishes ports does it in a network of its own, which ends with the shell.
unshare --net sh -eu <<'SERVER'
busybox ip link set lo up
cd /tmp/www
seatrial run --rm --name web -p 127.0.0.1:8080:80 -v "$PWD:/www:ro" busybox httpd -f -h /www &
server=$!
[ "$(curl --silent --show-error --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:8080/)" = ahoy ]
seatrial stop web
wait "$server" || echo "the server ended with $?"
[ -z "$(seatrial ps -aq)" ]
SERVER

say 'the Python package, installed without a network'
apt-get install -y --no-install-recommends \
  pybind11-dev python3-dev python3-pip python3-setuptools python3-wheel busybox-static >/dev/null
unshare --net /usr/bin/pip3 install --no-build-isolation --break-system-packages ./bindings/python
for example in bindings/python/examples/*.py; do
  say "$example"
  (cd / && unshare --net sh -euc 'busybox ip link set lo up; exec "$@"' sh "$OLDPWD/$example")
done

say 'the Jenkinsfile in the simulator'
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends groovy openjdk-17-jre-headless libxml2-utils >/dev/null
jenkins/simulator/simulate --directory /tmp/pipeline --source "$PWD" --library seatrial=jenkins/library \
  --schema harness/report/testdata/junit-strict.xsd \
  --param TESTS='-L house' --param TARGETS=reference --param 'FILTERS=MaskedPaths.*' jenkins/Jenkinsfile
say 'done'
