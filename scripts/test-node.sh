#!/usr/bin/env bash
# Relying parties that nobody here wrote, in Node: tests/rp-node, through its own `npm test`.
# NAUTHERA_BIN tells the suite which binary to start.
set -euo pipefail
. "$(dirname "$0")/env.sh"

need_binary
scripts/node-modules.sh tests/rp-node
cd tests/rp-node
npm test --silent
