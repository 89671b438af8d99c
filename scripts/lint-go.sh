#!/usr/bin/env bash
# Formatting and vet of what is written in Go: the test cluster, and the judges of tools that deploy from Git. Go keeps vet's answers in its
# cache: only the first run takes minutes.
set -euo pipefail
. "$(dirname "$0")/env.sh"

for module in tests/cluster tests/gitops; do
  unformatted=$(cd "$module" && gofmt -l .)
  [ -z "$unformatted" ] || die "run gofmt -w on $unformatted in $module"
  (cd "$module" && go vet -p 2 -trimpath -buildvcs=false ./...)
done
