#!/usr/bin/env bash
# Stands between cargo and rustc when scripts/fuzz.sh builds: gives the crates that read what comes from outside the counters that
# libFuzzer steers by. All it needs is in the stable compiler; cargo-fuzz uses the same switches.
set -euo pipefail

counted() {
  case $1 in
    nauthera_*) return 0 ;;
    granit_parser | serde_json | serde_core | url | form_urlencoded | percent_encoding | idna | base64) return 0 ;;
    http | jsonwebtoken | kube_cel | cel | argon2 | password_hash | croner | jiff | tokio_postgres | unic_langid_impl) return 0 ;;
    *) return 1 ;;
  esac
}

rustc=$1
shift
flags=()
# What runs on this machine while it is built (macros, build scripts) is built without --target.
if [[ " $* " == *" --target "* ]] && counted "${CARGO_CRATE_NAME:-}"; then
  flags=(
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
    -Ccodegen-units=1
  )
fi
exec "$rustc" "$@" "${flags[@]}"
