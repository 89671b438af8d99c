#!/usr/bin/env bash
# scripts/node-modules.sh FOLDER: gives a folder with package.json and package-lock.json its node_modules.
# They are installed once for each lock file into the cache; the folder gets a link to them, since ES modules look
# for packages only beside and above themselves. No package runs a script of its own while it is installed.
set -euo pipefail
. "$(dirname "$0")/env.sh"

folder=$1
link=$folder/node_modules
{ [ ! -e "$link" ] || [ -L "$link" ]; } || die "$link is a folder of its own: remove it, and run this again"

key=$(node --version)-$(fingerprint "$folder/package.json" "$folder/package-lock.json")
cache=$CACHE/node/$(basename "$folder")-$key
if [ ! -f "$cache/complete" ]; then
  say "installing the Node packages of $folder"
  mkdir -p "$CACHE/node"
  fresh=$(mktemp -d "$CACHE/node/fresh.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  cp "$folder/package.json" "$folder/package-lock.json" "$fresh/"
  (cd "$fresh" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  touch "$fresh/complete"
  rm -rf "$cache"
  mv "$fresh" "$cache"
fi
ln -sfn "$cache/node_modules" "$link"
