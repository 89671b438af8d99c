#!/usr/bin/env bash
# Formatting and vet of what is written in Go: the test cluster. Go keeps vet's answers in its cache: only the first run takes minutes.
set -euo pipefail
. "$(dirname "$0")/env.sh"

cd tests/cluster
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || die "run gofmt -w on $unformatted in tests/cluster"
go vet -p 2 -trimpath -buildvcs=false .
