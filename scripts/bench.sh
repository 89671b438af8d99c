#!/usr/bin/env bash
# Prints what the server and the engine do with a second of processor time on this machine, beside a bare handler in the same
# run. Release builds, loopback only, bounded in time; asserts nothing about how fast the machine is. docs/performance.md says
# what the figures mean.
#
#   scripts/bench.sh                  everything, under three minutes once it is built
#   scripts/bench.sh --seconds 1      shorter loads; see nauthera-bench --help for more
set -euo pipefail
. "$(dirname "$0")/env.sh"

scripts/install-deps.sh check
say "building in release"
cargo build --locked --release --package nauthera --package nauthera-bench
cargo build --locked --release --package nauthera-core --example scale

say "the server"
"$CARGO_TARGET_DIR/release/nauthera-bench" "$@"

say "the engine (to reach: the first compile in 1 s on the processor, 500 MB)"
"$CARGO_TARGET_DIR/release/examples/scale"
