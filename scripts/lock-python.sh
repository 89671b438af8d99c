#!/usr/bin/env bash
# scripts/lock-python.sh FOLDER: writes FOLDER/requirements.txt, versions and hashes of all that FOLDER/requirements.in
# asks for. Commit both. Run it after an edit of requirements.in.
set -euo pipefail
. "$(dirname "$0")/env.sh"

folder=$1
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check pip-tools
"$tools/bin/pip-compile" --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --no-annotate \
  --output-file "$folder/requirements.txt" "$folder/requirements.in"
