#!/usr/bin/env bash
# Fails, with the difference, when a generated file of the tree is not what `make generate` would write.
set -euo pipefail
. "$(dirname "$0")/env.sh"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
scripts/generate.sh "$fresh"
stale=0
for generated in deploy/{crds,helm/nauthera/files,install.yaml} docs/{cli,diagnostics,resources,conditions,audit,metrics}.md docs/audit.schema.json; do
  diff --recursive --unified "$generated" "$fresh/$generated" || stale=1
done
[ "$stale" -eq 0 ] || die "generated files are stale: run make generate"
