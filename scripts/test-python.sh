#!/usr/bin/env bash
# Relying parties that nobody here wrote, in Python: tests/rp-python, with pytest.
# NAUTHERA_BIN tells the suite which binary to start.
set -euo pipefail
. "$(dirname "$0")/env.sh"

need_binary
env=$(scripts/python-env.sh tests/rp-python)
cd tests/rp-python
"$env/bin/python" -m pytest -p no:cacheprovider
