# shellcheck shell=bash
# Sourced by every script: where the tree and the caches are, and how a script talks. It starts nothing.
#
# Everything that is built or downloaded lives outside the clone, so that a clone stays small and a second one is
# warm at once:
#   $CACHE/target   cargo's target directory (or CARGO_TARGET_DIR)
#   $CACHE/node     node_modules, one folder for each lock file
#   $CACHE/python   virtual environments, one for each requirements file
#   $CACHE/prometheus  Prometheus and promtool, unpacked
#   $CACHE/tools    Helm, the program of tests/gitops, and programs that `make audit` builds, one folder for each version
#   $CACHE/definitions  custom resource definitions of others
#   $CACHE/cluster  the test cluster's program; Go's own caches are the user's
#   $CACHE/fuzz     what `make fuzz` learned and found

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/nauthera
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
export PYTHONDONTWRITEBYTECODE=1
# rustup's folder is not on the PATH of every non-interactive shell.
command -v cargo >/dev/null || PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
cd "$ROOT" || exit

# Two clones share one target directory, and cargo judges freshness by the times of files alone: what one clone built would
# pass for the other's. So the clone that builds is noted, and a change of clone makes every source new.
claim_target() {
  local stamp=$CARGO_TARGET_DIR/.built-by
  [ "$(cat "$stamp" 2>/dev/null)" != "$ROOT" ] || return 0
  mkdir -p "$CARGO_TARGET_DIR"
  find crates tests -type f -not -path '*/node_modules/*' -exec touch {} +
  printf '%s' "$ROOT" >"$stamp"
}
claim_target

# Talk goes to stderr: stdout is for results.
say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Builds the binary as the tests use it and sets NAUTHERA_BIN to it. A caller that has one already sets it itself.
need_binary() {
  [ -z "${NAUTHERA_BIN:-}" ] || return 0
  cargo build --locked --package nauthera
  export NAUTHERA_BIN=$CARGO_TARGET_DIR/debug/nauthera
}

# A short name for the content of the files given, for cache folders.
fingerprint() { cat "$@" | sha256sum | cut -c1-16; }
