#!/usr/bin/env bash
# scripts/lock-node.sh FOLDER: writes FOLDER/package-lock.json from FOLDER/package.json, with hashes and without the
# addresses of the registry that happened to answer. Commit both. Run it after an edit of package.json.
set -euo pipefail
. "$(dirname "$0")/env.sh"

folder=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$folder/package.json" "$work/"
(cd "$work" && npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts \
  --no-audit --no-fund --loglevel=error)
cp "$work/package-lock.json" "$folder/package-lock.json"
