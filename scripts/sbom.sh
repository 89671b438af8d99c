#!/usr/bin/env bash
# scripts/sbom.sh PATH: writes what is in the shipped binary as CycloneDX JSON, by cargo-cyclonedx: each crate that is compiled into
# it, with version, licence and checksum. The same tree gives the same bytes on any machine: no time, no random number, no path.
set -euo pipefail
path=$(realpath -m -- "$1")
. "$(dirname "$0")/env.sh"

# The platform that the binary is shipped for, as tests/house judges it.
PLATFORM=x86_64-unknown-linux-gnu
cyclonedx=$(scripts/cargo-tool.sh cargo-cyclonedx 0.5.9)/cargo-cyclonedx
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# It writes beside the manifests of all members, so it is given a copy of the tree.
git ls-files -z --cached --others --exclude-standard -- Cargo.toml Cargo.lock crates tests |
  xargs -0 cp --parents --no-dereference --target-directory "$copy"
(cd "$copy" && SOURCE_DATE_EPOCH=0 "$cyclonedx" cyclonedx --quiet --format json --spec-version 1.5 --target "$PLATFORM" \
  --no-build-deps --override-filename sbom)

# What cargo says it compiles into the binary; the document comes from another view of the same graph, which also holds what only
# tests switch on.
cargo tree --locked --package nauthera --edges normal,no-proc-macro --target "$PLATFORM" --prefix none --format '{p}' |
  cut -d ' ' -f 1,2 | sort -u >"$copy/shipped"
mkdir -p "$(dirname "$path")"
python3 scripts/sbom.py "$copy/crates/cli/sbom.json" "$copy/shipped" "$copy" >"$copy/document"
mv "$copy/document" "$path"
say "$(grep -c . "$copy/shipped") crates are listed in $path"
