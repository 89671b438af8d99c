#!/usr/bin/env bash
# Removes what was built and what the tests installed. The data of `make up` (.nauthera) stays.
set -euo pipefail
. "$(dirname "$0")/env.sh"

say "removing $CARGO_TARGET_DIR, and node, python, prometheus, tools, definitions, cluster, fuzz and advisories in $CACHE"
cargo clean
for kept in node python prometheus tools definitions cluster cluster-logs fuzz advisories; do rm -rf "${CACHE:?}/$kept"; done
find tests -maxdepth 2 -name node_modules -type l -delete
