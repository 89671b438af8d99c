#!/usr/bin/env bash
# Fails, with the difference, when a generated file of the tree is not what `make generate` would write.
set -euo pipefail
. "$(dirname "$0")/env.sh"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
scripts/generate.sh "$fresh"
diff --recursive --unified deploy/crds "$fresh/deploy/crds" || die "generated files are stale: run make generate"
