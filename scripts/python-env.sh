#!/usr/bin/env bash
# scripts/python-env.sh FOLDER: prints the path of a virtual environment with the packages of FOLDER/requirements.txt.
# It is made once for each requirements file, in the cache. Every package must match a hash in that file
# (`scripts/lock-python.sh FOLDER` writes them).
set -euo pipefail
. "$(dirname "$0")/env.sh"

folder=$1
version=$(python3 -c 'import platform; print(platform.python_version())')
cache=$CACHE/python/$(basename "$folder")-$version-$(fingerprint "$folder/requirements.txt")
if [ ! -f "$cache/complete" ]; then
  say "installing the Python packages of $folder"
  rm -rf "$cache"
  python3 -m venv "$cache" >&2
  "$cache/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --only-binary :all: --require-hashes --requirement "$folder/requirements.txt" >&2
  touch "$cache/complete"
fi
printf '%s\n' "$cache"
