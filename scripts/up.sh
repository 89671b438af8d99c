#!/usr/bin/env bash
# Builds nauthera and serves a folder of manifests; arguments go to `nauthera up` after the folder.
# The profile is the one of the tests: a first build takes a third of a release build's time, and one build serves
# both. `PROFILE=release make up` serves what is shipped.
set -euo pipefail
. "$(dirname "$0")/env.sh"

PROFILE=${PROFILE:-dev}
scripts/install-deps.sh build
cargo build --locked --package nauthera --profile "$PROFILE"
folder=$PROFILE
[ "$PROFILE" != dev ] || folder=debug
exec "$CARGO_TARGET_DIR/$folder/nauthera" up "$@"
