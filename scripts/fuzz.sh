#!/usr/bin/env bash
# Lets libFuzzer search for inputs that break a property of tests/fuzz, one target after another, on one core. The build has
# coverage counters, is optimised, and checks what a debug build checks; it works on the stable tool chain and is kept apart from
# that of the tests. What a run learns is kept in $CACHE/fuzz, so that the next one goes on from there.
#
#   scripts/fuzz.sh                           every target, 60 s each
#   scripts/fuzz.sh --seconds 600 yaml jwks   these, 10 minutes each
#   scripts/fuzz.sh --build                   builds it and does no more
#
# An input that breaks something is kept in $CACHE/fuzz/found/TARGET, and the run fails when it has been through all targets.
set -euo pipefail
. "$(dirname "$0")/env.sh"

usage() { die "usage: $0 [--build] [--seconds N] [TARGET...] (targets: $(ls tests/fuzz/corpus | tr '\n' ' '))"; }

seconds=60
only_build=
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) [[ ${2:-} =~ ^[0-9]+$ ]] || usage; seconds=$2; shift ;;
    --build) only_build=1 ;;
    -*) usage ;;
    *) [ -d "tests/fuzz/corpus/$1" ] || usage; targets+=("$1") ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(ls tests/fuzz/corpus)

# Our own crates and those that read for us are counted; counting all the others would cost much and tell little. The flags reach
# rustc through a wrapper, which cargo takes no notice of: a change of it wants a new folder.
build() {
  local host
  scripts/install-deps.sh build
  command -v c++ >/dev/null || die "libFuzzer wants a C++ compiler, on Debian: apt-get install g++"
  host=$(rustc -vV | sed -n 's/^host: //p')
  FOLDER=$CARGO_TARGET_DIR/fuzz-$(fingerprint scripts/fuzz-rustc.sh)
  say "building the targets with coverage counters"
  RUSTC_WRAPPER=$ROOT/scripts/fuzz-rustc.sh CARGO_TARGET_DIR=$FOLDER CARGO_INCREMENTAL=0 \
    cargo build --locked --package nauthera-fuzz --features link --profile fuzz --target "$host"
  FUZZER=$FOLDER/$host/fuzz/nauthera-fuzz
}

# search TARGET: one run. The first folder is where libFuzzer writes what it learns.
search() {
  local target=$1 home=tests/fuzz kept=$CACHE/fuzz/corpus/$1 found=$CACHE/fuzz/found/$1 folders=() dictionary=()
  mkdir -p "$kept" "$found"
  folders=("$kept" "$home/corpus/$target")
  [ ! -d "$home/regressions/$target" ] || folders+=("$home/regressions/$target")
  [ ! -f "$home/dictionaries/$target.dict" ] || dictionary=("-dict=$home/dictionaries/$target.dict")
  say "$target: $seconds s"
  NAUTHERA_FUZZ_TARGET=$target TMPDIR=$TEMPORARY "$FUZZER" "${dictionary[@]}" -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 -artifact_prefix="$found/" "${folders[@]}" \
    >"$TEMPORARY/$target.log" 2>&1 || return 1
}

build
[ -z "$only_build" ] || exit 0
TEMPORARY=$(mktemp -d)
trap 'rm -rf "$TEMPORARY"' EXIT
broken=()
for target in "${targets[@]}"; do
  if search "$target"; then
    grep -E 'stat::number_of_executed_units|stat::average_exec|DONE' "$TEMPORARY/$target.log" >&2 || true
  else
    broken+=("$target")
    # What was broken stands where the search ended.
    tail -n 40 "$TEMPORARY/$target.log" >&2
  fi
done
[ ${#broken[@]} -eq 0 ] || die "broken: ${broken[*]}. The inputs are in $CACHE/fuzz/found. Mend it where it belongs, with a \
test of its own, and put the input into tests/fuzz/regressions/TARGET/"
printf '%d targets, nothing broken\n' "${#targets[@]}"
