#!/usr/bin/env bash
# How tools that deploy from Git judge our objects (deploy/argocd, kstatus), and the manifests of examples/gitops: the tests of
# tests/gitops. Words after it go to `go test`: scripts/test-gitops.sh -run Overlay
set -euo pipefail
. "$(dirname "$0")/env.sh"

need_binary
PATH=$(scripts/cluster-tools.sh):$PATH
export PATH
cd tests/gitops
# Scripts and manifests are read from outside the module, which Go's cache of results does not see.
go test -v -count 1 -trimpath -buildvcs=false . "$@"
