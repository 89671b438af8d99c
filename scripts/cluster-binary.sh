#!/usr/bin/env bash
# scripts/cluster-binary.sh: prints the path of the test cluster's program (tests/cluster), which is built once for each state of
# its sources, in the cache. Go's own caches are the user's: the first build downloads about 600 MiB of modules and takes some ten
# minutes of two cores, later ones take seconds; linking takes 3.2 GiB of memory for a moment.
set -euo pipefail
. "$(dirname "$0")/env.sh"

command -v go >/dev/null || die "Go is missing: scripts/install-deps.sh test says how to get it"
kubernetes=$(sed -n 's|^\tk8s.io/kubernetes \(v[0-9.]*\)$|\1|p' tests/cluster/go.mod)
# kubectl reads the server's version, which Kubernetes' own builds write in.
flags=(-p 2 -trimpath -buildvcs=false -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$kubernetes")
key=$(fingerprint tests/cluster/*.go tests/cluster/go.mod tests/cluster/go.sum "$0" <(go version))
cache=$CACHE/cluster
built=$cache/$key/nauthera-test-cluster

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # of two at a time one builds
if [ ! -x "$built" ]; then
  say "building the test cluster (Kubernetes $kubernetes) once, into $cache/$key"
  mkdir -p "$cache/$key"
  (cd tests/cluster && go build "${flags[@]}" -o "$built.new" .) >&2
  mv "$built.new" "$built"
fi
touch "$cache/$key"
# This one and the one before stay, so that two clones take turns without building.
find "$cache" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d ' ' -f 2- |
  xargs -r rm -rf
printf '%s\n' "$built"
