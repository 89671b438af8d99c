#!/usr/bin/env bash
# A real Chromium on the pages and the console: tests/browser, through its own `npm test`.
# NAUTHERA_BIN tells the suite which binary to start, NAUTHERA_CHROMIUM which browser.
set -euo pipefail
. "$(dirname "$0")/env.sh"

need_binary
NAUTHERA_CHROMIUM=${NAUTHERA_CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
[ -n "$NAUTHERA_CHROMIUM" ] || die "no Chromium: run scripts/install-deps.sh test"
export NAUTHERA_CHROMIUM
scripts/node-modules.sh tests/browser
cd tests/browser
npm test --silent
