#!/usr/bin/env bash
# Tests on real clusters: those of tests/kubernetes, each of its binaries inside a cluster of the kind that it needs. Everything is
# built before, since nothing leads out of a cluster.
#
#   scripts/test-cluster.sh                    all of them
#   scripts/test-cluster.sh cluster [TEST..]   one binary, perhaps with names of tests
set -euo pipefail
. "$(dirname "$0")/env.sh"

# The oldest Kubernetes that ours can be like. What is not about a version runs on it, so that the newest is not the only one.
OLDER=1.34

# What each kind of cluster is started with.
flags_of() {
  case $1 in
    cluster | operator | scale) echo --node --image "nauthera=$NAUTHERA_BIN" --image machine= ;;
    chart) echo --emulate "$OLDER" --node --separate --audit --image "ghcr.io/nauthera/nauthera=$NAUTHERA_BIN" ;;
    faults)
      echo --emulate "$OLDER" --node --separate --image "nauthera=$NAUTHERA_BIN" --image machine= \
        --image "older=$ROOT/tests/kubernetes/older-server.py"
      ;;
    quota) echo --node --etcd-quota 30000000 --image "nauthera=$NAUTHERA_BIN" ;;
    restore) echo --node --image "ghcr.io/nauthera/nauthera=$NAUTHERA_BIN" ;;
    *) die "no tests are called $1: there are cluster, operator, scale, chart, restore, faults and quota" ;;
  esac
}

need_binary
kinds=(cluster operator scale chart restore faults quota)
[ $# -eq 0 ] || { kinds=("$1"); shift; }
for kind in "${kinds[@]}"; do flags_of "$kind" >/dev/null; done
cluster=$(scripts/cluster-binary.sh)
PATH=$(scripts/cluster-tools.sh):$PATH
export PATH
# How kstatus and Argo CD judge what is there, and what the kinds of others are.
NAUTHERA_GITOPS=$(scripts/gitops-binary.sh)
NAUTHERA_DEFINITIONS=$(scripts/definitions-of-others.sh)
export NAUTHERA_GITOPS NAUTHERA_DEFINITIONS

# The path of a test binary, as cargo tells it.
built() {
  cargo test --locked --quiet --package nauthera-test-kubernetes --test "$1" --no-run --message-format json-render-diagnostics |
    python3 -c 'import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == sys.argv[1]:
        print(message["executable"])' "$1"
}

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
# Of a run that failed, what its parts said.
logs=${NAUTHERA_CLUSTER_LOGS:-$CACHE/cluster-logs}
# What one cluster leaves to another.
export NAUTHERA_TEST_BACKUP=$data/backup
status=0

# Runs tests in a cluster of their own.
run() {
  local kind=$1
  shift
  say "a cluster: ${flags[*]}"
  (cd tests/kubernetes && "$cluster" --data-dir "$data/$kind" "${flags[@]}" -- \
    "$binary" --test-threads "$threads" "$@") || {
    status=$?
    rm -rf "$logs"
    mkdir -p "$logs"
    cp -r "$data/$kind"/*.log "$data/$kind/pod-logs" "$logs/" 2>/dev/null || true
    say "the cluster's logs are in $logs"
  }
  rm -rf "${data:?}/$kind"
}

if [ $# -eq 0 ] && [ ${#kinds[@]} -gt 1 ]; then
  say "definitions on an older Kubernetes"
  (cd tests/cluster && go test -v -count 1 -p 2 -trimpath -buildvcs=false ./older) || status=$?
fi
for kind in "${kinds[@]}"; do
  binary=$(built "$kind")
  read -ra flags < <(flags_of "$kind")
  # Most of a test is waiting. A cluster has room for one installation; those that break the cluster keep others out by themselves;
  # those of scale count what others write.
  threads=1
  case $kind in
    cluster | operator) threads=8 ;;
    faults) threads=4 ;;
  esac
  case $kind in
    # What was saved in one is put back in the next.
    restore)
      run "$kind" saved::
      run "$kind" restored::
      ;;
    *) run "$kind" "$@" ;;
  esac
done
exit "$status"
