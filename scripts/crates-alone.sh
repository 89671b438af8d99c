#!/usr/bin/env bash
# Checks each crate by itself, with the features that it asks for and none that a neighbour switches on.
set -euo pipefail
. "$(dirname "$0")/env.sh"

for manifest in crates/*/Cargo.toml; do
  name=$(sed -n 's/^name = "\(.*\)"/\1/p' "$manifest" | head -n 1)
  cargo check --quiet --locked --package "$name"
done
