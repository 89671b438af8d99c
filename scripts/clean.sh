#!/usr/bin/env bash
# Removes what was built and what the tests installed. The data of `make up` (.nauthera) stays.
set -euo pipefail
. "$(dirname "$0")/env.sh"

say "removing $CARGO_TARGET_DIR, and node, python and prometheus in $CACHE"
cargo clean
rm -rf "${CACHE:?}/node" "${CACHE:?}/python" "${CACHE:?}/prometheus"
find tests -maxdepth 2 -name node_modules -type l -delete
