#!/usr/bin/env bash
# The quick part of `make test`: formatting, lints, house rules, unit tests, each crate alone.
set -euo pipefail
. "$(dirname "$0")/env.sh"
. scripts/steps.sh

scripts/install-deps.sh check
step "formatting" cargo fmt --all --check
step "lints" cargo clippy --locked --workspace --all-targets --features nauthera-fuzz/libfuzzer -- --deny warnings
step "each crate alone" scripts/crates-alone.sh
suite "house rules" cargo test --locked --package nauthera-house
suite "unit tests" cargo test --locked --workspace --exclude nauthera-house --no-fail-fast --lib --bins
finish
