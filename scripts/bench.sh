#!/usr/bin/env bash
# Prints what the server and the engine do with a second of processor time on this machine, beside a bare handler in the same
# run, and what the operator does with 10,000 AuthClients on the test cluster. Release builds, loopback only, bounded in time;
# asserts nothing about how fast the machine is. docs/performance.md says what the figures mean.
#
#   scripts/bench.sh                  everything, some minutes once it is built
#   scripts/bench.sh --seconds 1      shorter loads; see nauthera-bench --help for more
#   scripts/bench.sh --only kubernetes --clients 1000     the operator alone, with fewer
set -euo pipefail
. "$(dirname "$0")/env.sh"

# The groups that are asked for, and how many clients.
only=
clients=10000
given=("$@")
while [ $# -gt 0 ]; do
  case $1 in
    --only=*) only=${1#*=} ;;
    --clients=*) clients=${1#*=} ;;
    --only) only=${2:-}; shift ;;
    --clients) clients=${2:-}; shift ;;
  esac
  [ $# -eq 0 ] || shift
done

scripts/install-deps.sh check
say "building in release"
cargo build --locked --release --package nauthera --package nauthera-bench

if [ "$only" != kubernetes ]; then
  cargo build --locked --release --package nauthera-core --example scale
  say "the server"
  "$CARGO_TARGET_DIR/release/nauthera-bench" ${given[@]+"${given[@]}"}

  say "the engine (to reach: the first compile in 1 s on the processor, 500 MB)"
  "$CARGO_TARGET_DIR/release/examples/scale"
fi

case ,${only:-kubernetes}, in
  *,kubernetes,*)
    say "the operator, on a cluster that has the same processors"
    scripts/cluster.sh --node --image "nauthera=$CARGO_TARGET_DIR/release/nauthera" -- \
      "$CARGO_TARGET_DIR/release/nauthera-bench" kubernetes --clients "$clients"
    ;;
esac
