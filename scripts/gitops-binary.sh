#!/usr/bin/env bash
# scripts/gitops-binary.sh: prints the path of the program of tests/gitops, which says how kstatus and Argo CD judge objects. It is
# built once for each state of its sources, in the cache.
set -euo pipefail
. "$(dirname "$0")/env.sh"

command -v go >/dev/null || die "Go is missing: scripts/install-deps.sh test says how to get it"
key=$(fingerprint tests/gitops/*.go tests/gitops/go.mod tests/gitops/go.sum "$0" <(go version))
built=$CACHE/tools/gitops-$key/nauthera-test-gitops
if [ ! -x "$built" ]; then
  say "building tests/gitops once, into $CACHE/tools/gitops-$key"
  rm -rf "$CACHE"/tools/gitops-*
  mkdir -p "$(dirname "$built")"
  (cd tests/gitops && go build -trimpath -buildvcs=false -o "$built.new" .) >&2
  mv "$built.new" "$built"
fi
printf '%s\n' "$built"
