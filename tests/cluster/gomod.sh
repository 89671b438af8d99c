#!/bin/sh
# Rewrites go.mod for one Kubernetes version:  ./gomod.sh 1.37.2
# k8s.io/kubernetes requires its staging modules at v0.0.0, so each one has to
# be replaced by the version published with that release (1.X.Y -> v0.X.Y).
set -eu
cd "$(dirname "$0")"
v=${1#v}
[ -f go.mod ] || go mod init nauthera.io/tests/cluster
go mod edit -require="k8s.io/kubernetes@v$v"
mod=$(go env GOMODCACHE)/cache/download/k8s.io/kubernetes/@v/v$v.mod
(cd / && go mod download "k8s.io/kubernetes@v$v")
sed -n 's|^\t\(k8s.io/[a-z-]*\) => ./staging/.*|\1|p' "$mod" | while read -r m; do
	go mod edit -replace="$m=$m@v0.${v#1.}"
done
go mod tidy
