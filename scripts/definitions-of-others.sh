#!/usr/bin/env bash
# scripts/definitions-of-others.sh: prints the path of a folder with the custom resource definitions of kinds that others own and that we
# write objects of, each as `PLURAL.GROUP.yaml`: those of their own releases, so that a real API server judges by the real schemas. They
# come once, out of Go modules whose sums stand here (some 70 MB, nearly all of it Argo CD's). Nothing of them is built.
set -euo pipefail
. "$(dirname "$0")/env.sh"

# Takes what Go says of a module, and writes the definitions in files of its archive. Go says it also where only a newer Go could build it.
EXTRACT='
import json, re, sys, zipfile
module, wanted, folder, *files = sys.argv[1:]
said = json.load(sys.stdin)
have = said.get("Sum", said.get("Error"))
if have != wanted:
    sys.exit(f"error: {module} has not the sum {wanted}: {have}")
for file in files:
    text = zipfile.ZipFile(said["Zip"]).read(f"{module}/{file}").decode()
    for document in re.split("^---\n", text, flags=re.M):
        if re.search("^kind: CustomResourceDefinition$", document, re.M):
            name = re.search(r"^  name: (\S+)$", document, re.M)[1]
            open(f"{folder}/{name}.yaml", "w").write(document)'

# fetch MODULE SUM FILE...
fetch() {
  say "fetching $1 for its definitions"
  (cd "$fresh" && GOTOOLCHAIN=local GOFLAGS='' go mod download -json "$1" || true) | python3 -c "$EXTRACT" "$1" "$2" "$fresh" "${@:3}"
}

cache=$CACHE/definitions
definitions=$cache/$(fingerprint "$0")
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # of two at a time one fetches
if [ ! -d "$definitions" ]; then
  command -v go >/dev/null || die "Go is missing: scripts/install-deps.sh test says how to get it"
  fresh=$(mktemp -d "$cache/fresh.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  monitoring=example/prometheus-operator-crd/monitoring.coreos.com
  flux=config/data/flux/v2.9.5
  fetch sigs.k8s.io/gateway-api@v1.7.0 h1:duVnm7nO6oXfMMUWfcDoBph47CYR/ME3NGxccOVglaY= \
    config/crd/standard/gateway.networking.k8s.io_httproutes.yaml
  fetch github.com/cert-manager/cert-manager@v1.21.2 h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68= \
    deploy/crds/cert-manager.io_{certificates,issuers}.yaml
  fetch github.com/prometheus-operator/prometheus-operator@v0.85.0 h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s= \
    "$monitoring"_{podmonitors,prometheusrules,servicemonitors}.yaml
  # What Flux installs, as the module of its operator has it: that of its helm-controller is not to be had.
  fetch github.com/controlplaneio-fluxcd/flux-operator@v0.59.0 h1:jByuiWYtjSJxucGHuz68tV0DeVFz5CYrKQYfxAwE7lE= \
    "$flux"/{source,kustomize,helm}-controller.yaml
  fetch github.com/argoproj/argo-cd/v3@v3.6.1 h1:OmhqeKiR3C//awbFrhQqFdtRI+Qiv17j8vqm3UkMj/g= \
    manifests/crds/{application,applicationset,appproject}-crd.yaml
  mv "$fresh" "$definitions"
fi
touch "$definitions"
# These and the ones before stay, so that two clones take turns without fetching.
find "$cache" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d ' ' -f 2- | xargs -r rm -rf
printf '%s\n' "$definitions"
