#!/usr/bin/env bash
# Prints what the engine and the server do in a second on this machine, against a baseline in the same run.
# Release builds, loopback only, bounded in time.
set -euo pipefail
. "$(dirname "$0")/env.sh"

scripts/install-deps.sh build
cargo bench --locked --workspace --benches "$@"
