#!/usr/bin/env bash
# Runs a command in a real Kubernetes cluster that is there for it alone, with KUBECONFIG and kubectl, helm and kubernetes-validate
# on the PATH. It is built at first, and gone when the command ends. tests/cluster/README.md has all flags.
#
#   scripts/cluster.sh -- kubectl get namespaces
#   scripts/cluster.sh --node --image tool= -- bash      # a shell, with a node that runs pods
set -euo pipefail
. "$(dirname "$0")/env.sh"

cluster=$(scripts/cluster-binary.sh)
PATH=$(scripts/cluster-tools.sh):$PATH
cd "$OLDPWD"
exec "$cluster" "$@"
