#!/usr/bin/env bash
# The test of hosts that share no folder, with each host in a network namespace of its own (root only): they reach the
# PostgreSQL, the Redis and the S3 server of this run, and not one another.
set -euo pipefail
cd "$(dirname "$0")/.."
bridge=apart0 hosts=(apart1 apart2 apart3 apart4) address=10.77.0.1
stop() {
  for name in "${hosts[@]}"; do ip netns del "$name" 2>/dev/null || true; done
  ip link del "$bridge" 2>/dev/null || true
}
trap stop EXIT
ip link add "$bridge" type bridge
ip address add "$address/24" dev "$bridge"
ip link set "$bridge" up
places=()
for name in "${hosts[@]}"; do
  own=10.77.0.$((${#places[@]} + 2))
  ip netns add "$name"
  ip link add "to-$name" type veth peer name eth0 netns "$name"
  ip link set "to-$name" master "$bridge" up
  ip link set "to-$name" type bridge_slave isolated on
  ip -n "$name" link set lo up
  ip -n "$name" link set eth0 up
  ip -n "$name" address add "$own/24" dev eth0
  places+=("$name=$own")
done
export NAMESPACES="${places[*]}" SERVICES_ADDRESS=$address
bash tools/services.sh .venv/bin/pytest -o addopts= -q tests/tools/test_deployment.py -k share_no_folder "$@"
