#!/usr/bin/env bash
# What we are built on: licences, crates that must not be there, where crates come from, and known faults of them, all as deny.toml
# says, by cargo-deny; and what is in the binary, as a CycloneDX document (an SBOM).
#
#   scripts/audit.sh                    fetches the RustSec database, if it can be reached
#   ADVISORY_DB=PATH scripts/audit.sh   takes the database from a folder: a checkout of it, or its files alone
#   scripts/audit.sh --sbom PATH        says where the document goes (otherwise nauthera.cdx.json in the build folder)
#
# Without the database all else is judged, and the last lines say that known faults were not. REQUIRE_ADVISORIES=1 makes that a failure.
set -euo pipefail
database=${ADVISORY_DB:+$(realpath -- "$ADVISORY_DB")}
sbom=
if [ "${1:-}" = --sbom ] && [ -n "${2:-}" ]; then
  sbom=$(realpath -m -- "$2")
  shift 2
fi
. "$(dirname "$0")/env.sh"
. scripts/steps.sh
[ $# -eq 0 ] || die "usage: [ADVISORY_DB=PATH] $0 [--sbom PATH]"

SOURCE=$(sed -n 's/^db-urls = \["\(.*\)"\]$/\1/p' deny.toml)
deny=$(scripts/cargo-tool.sh cargo-deny 0.20.2)/cargo-deny
scratch=$(mktemp -d)
trap 'rm -rf "$scratch" "$LOGS"' EXIT
export NAUTHERA_ADVISORIES=$CACHE/advisories

judge() { "$deny" --locked check --hide-inclusion-graph "$@"; }

# cargo-deny takes its database from a git repository with an address only. So the files become a repository, and git is told to
# look there whenever that address is meant: no configuration of the machine is touched.
use_folder() {
  [ -d "$1/crates" ] || die "$1 is not the RustSec database: it has no folder named crates"
  mkdir "$scratch/database"
  cp -R "$1/crates" "$scratch/database/"
  git -C "$scratch/database" init --quiet --initial-branch main
  git -C "$scratch/database" add --all
  git -C "$scratch/database" -c user.name=audit -c user.email=audit@localhost commit --quiet --message "the database"
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=url.file://$scratch/database.insteadOf GIT_CONFIG_VALUE_0=$SOURCE
  NAUTHERA_ADVISORIES=$scratch/advisories
}

can_fetch() { GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --exit-code "$SOURCE" refs/heads/main >/dev/null 2>&1; }

missing=
step "licences" judge licenses
step "crates that must not be there" judge bans
step "where crates come from" judge sources
if [ -n "$database" ]; then
  use_folder "$database"
  step "known faults (from $database)" judge advisories
elif can_fetch; then
  step "known faults (from $SOURCE)" judge advisories
else
  missing="known faults were NOT looked for: $SOURCE cannot be reached, and ADVISORY_DB names no folder"
  [ -z "${REQUIRE_ADVISORIES:-}" ] || step "known faults" false
fi
step "what is in the binary" scripts/sbom.sh "${sbom:-$CARGO_TARGET_DIR/nauthera.cdx.json}"
[ -z "$missing" ] || say "$missing"
finish
