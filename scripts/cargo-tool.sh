#!/usr/bin/env bash
# scripts/cargo-tool.sh NAME VERSION: prints the folder with the program NAME of the crate NAME. It is built once for each version,
# with the lock file that its authors ship, into the cache; that takes some minutes.
set -euo pipefail
. "$(dirname "$0")/env.sh"

name=$1 version=$2
tool=$CACHE/tools/$name-$version
if [ ! -f "$tool/complete" ]; then
  scripts/install-deps.sh build
  say "installing $name $version (cargo install --locked), which takes some minutes"
  rm -rf "$tool"
  mkdir -p "$tool"
  # It runs for seconds: what a release build spends on making it faster still would never come back.
  CARGO_TARGET_DIR=$tool/build CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 cargo install --quiet --locked --root "$tool" "$name@$version" >&2
  rm -rf "$tool/build"
  touch "$tool/complete"
fi
printf '%s\n' "$tool/bin"
