#!/usr/bin/env bash
# Writes every generated file of the tree, or of the folder given:
#   deploy/crds/*.yaml    the four CRDs, one file each, from `nauthera crds`; nothing else lives in that folder
#   docs/cli.md           every command and flag, from the command line itself
#   docs/diagnostics.md   every diagnostic code, from core's table
#   docs/resources.md     every field of the four kinds, from their schemas
#   docs/conditions.md    every condition and reason of their statuses, from the operator's
#   docs/audit.md, docs/audit.schema.json   every event of the audit, from its vocabulary
#   docs/metrics.md       every metric, from the registry
# scripts/generated-fresh.sh fails when the tree has other bytes.
set -euo pipefail
. "$(dirname "$0")/env.sh"

out=${1:-$ROOT}
need_binary

crds() {
  mkdir -p "$out/deploy/crds"
  rm -f "$out"/deploy/crds/*.yaml
  "$NAUTHERA_BIN" crds >"$out/crds.all"
  # One document a file, named by the plural before the group in `metadata.name`.
  awk -v folder="$out/deploy/crds" '
    function flush(  file) {
      if (text == "") return
      if (name == "") { print "a document without a name" >"/dev/stderr"; exit 1 }
      file = folder "/" name ".yaml"
      printf "%s", text >file
      close(file)
      text = ""; name = ""
    }
    /^---/ { flush(); next }
    name == "" && /^  name: [a-z]+\.auth\.nauthera\.io$/ { name = $2 }
    { text = text $0 "\n" }
    END { flush() }
  ' "$out/crds.all"
  rm "$out/crds.all"
  [ "$(find "$out/deploy/crds" -name '*.yaml' | wc -l)" -eq 4 ] || die "nauthera crds did not print four CRDs"
}

# The documents of the book that the binary writes itself.
reference() {
  mkdir -p "$out/docs"
  for document in cli diagnostics resources conditions audit metrics; do
    "$NAUTHERA_BIN" reference "$document" >"$out/docs/$document.md"
  done
  "$NAUTHERA_BIN" reference audit-schema >"$out/docs/audit.schema.json"
}

crds
reference
