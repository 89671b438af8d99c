#!/usr/bin/env bash
# Proves that scripts/audit.sh finds what it is for, with databases of one made-up advisory and no network: one about a crate that
# is in the tree fails it and is named, the same one about a version that is not there passes. It is no part of `make test`, since
# the tools take minutes to build.
set -euo pipefail
. "$(dirname "$0")/env.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_ALLOW_PROTOCOL=file

# advisory FOLDER PATCHED: a database in which all versions of `url` before PATCHED have a fault.
advisory() {
  mkdir -p "$1/crates/url"
  cat >"$1/crates/url/RUSTSEC-2099-0001.md" <<END
\`\`\`toml
[advisory]
id = "RUSTSEC-2099-0001"
package = "url"
date = "2099-01-01"

[versions]
patched = [">= $2"]
\`\`\`

# A fault that was made up

It is here to be found.
END
}

audit() { ADVISORY_DB=$1 scripts/audit.sh --sbom "$work/sbom-$2.json" >"$work/log" 2>&1; }

advisory "$work/faulty" 999.0.0
if audit "$work/faulty" first; then die "a known fault passes: $(cat "$work/log")"; fi
grep -q 'RUSTSEC-2099-0001' "$work/log" || die "the fault is not named: $(cat "$work/log")"
tail -n 1 "$work/log" | grep -q ', 1 failed$' || die "more than the fault fails: $(cat "$work/log")"

advisory "$work/mended" 1.0.0
audit "$work/mended" second || die "nothing is wrong, and it fails: $(cat "$work/log")"
cmp "$work/sbom-first.json" "$work/sbom-second.json" || die "two documents of one tree differ"

mkdir "$work/empty"
if audit "$work/empty" third; then die "a folder that is no database passes"; fi

# The address of the database cannot be reached, since git may use files alone here.
env -u ADVISORY_DB scripts/audit.sh --sbom "$work/sbom-fourth.json" >"$work/log" 2>&1 || die "$(cat "$work/log")"
grep -q 'NOT looked for' "$work/log" || die "nothing says that known faults were not looked for: $(cat "$work/log")"
if env -u ADVISORY_DB REQUIRE_ADVISORIES=1 scripts/audit.sh --sbom "$work/sbom-fifth.json" >"$work/log" 2>&1; then
  die "advisories are required, were not looked for, and it passes"
fi
printf 'the audit finds what it is for\n'
