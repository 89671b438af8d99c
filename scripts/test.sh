#!/usr/bin/env bash
# Everything: what CI runs. Installs what it needs, then checks and tests all of it. Steps go on after a failure, so
# that one run tells all; the last line sums up.
set -euo pipefail
. "$(dirname "$0")/env.sh"
. scripts/steps.sh

scripts/install-deps.sh test
step "formatting" cargo fmt --all --check
step "lints" cargo clippy --locked --workspace --all-targets --features nauthera-fuzz/libfuzzer -- --deny warnings
[ ! -d tests/cluster ] || step "lints of Go" scripts/lint-go.sh
step "each crate alone" scripts/crates-alone.sh
suite "Rust tests and house rules" cargo test --locked --workspace --no-fail-fast

# What follows drives the binary from outside, most of it over the manifests in tests/manifests. Each suite joins when its folder is there, and the house rule
# `every_suite_is_run` fails on a folder under tests/ that nothing here runs.
step "the binary" cargo build --locked --package nauthera
export NAUTHERA_BIN=$CARGO_TARGET_DIR/debug/nauthera
[ ! -d deploy/crds ] || step "generated files are fresh" scripts/generated-fresh.sh
step "the suites' manifests are good" "$NAUTHERA_BIN" check tests/manifests --deny-warnings
[ ! -d tests/rp-node ] || suite "relying parties in Node" scripts/test-node.sh
[ ! -d tests/rp-python ] || suite "relying parties in Python" scripts/test-python.sh
suite "deploying from Git" scripts/test-gitops.sh # tests/gitops, examples/gitops, deploy/argocd
[ ! -d tests/kubernetes ] || suite "Kubernetes" scripts/test-cluster.sh
[ ! -d tests/browser ] || suite "browser" scripts/test-browser.sh
finish
