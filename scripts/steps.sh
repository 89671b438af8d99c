# shellcheck shell=bash
# Sourced by check.sh and test.sh: runs named steps, keeps going when one fails, and sums up at the end.
#
# A step is either a check, which passes or fails as one, or a suite, whose runner says how many tests passed.

LOGS=$(mktemp -d)
trap 'rm -rf "$LOGS"' EXIT
PASSED=0
FAILED=0
FAILED_STEPS=()

# step NAME COMMAND...: a check.
step() {
  local name=$1 started=$SECONDS
  shift
  say "$name"
  if "$@" </dev/null; then
    PASSED=$((PASSED + 1))
  else
    step_failed "$name" 1
  fi
  say "$name: $((SECONDS - started)) s"
}

# suite NAME COMMAND...: a test runner. It fails when the command fails, when a test is skipped, and when no test
# ran at all, whatever its exit code.
suite() {
  local name=$1 started=$SECONDS log status=0 passed failed skipped
  shift
  say "$name"
  log=$LOGS/suite.log
  "$@" </dev/null 2>&1 | tee "$log" || status=$?
  read -r passed failed skipped < <(scripts/tally.sh "$log")
  PASSED=$((PASSED + passed))
  if [ "$failed" -gt 0 ]; then
    step_failed "$name" "$failed"
  elif [ "$status" -ne 0 ]; then
    step_failed "$name" 1
  elif [ "$skipped" -gt 0 ]; then
    step_failed "$name ($skipped skipped)" 1
  elif [ "$passed" -eq 0 ]; then
    step_failed "$name (no test ran)" 1
  fi
  say "$name: $((SECONDS - started)) s"
}

step_failed() {
  FAILED_STEPS+=("$1")
  FAILED=$((FAILED + $2))
}

# Ends the run. The last line on stdout is for people and machines alike.
finish() {
  local name
  for name in "${FAILED_STEPS[@]}"; do say "failed: $name"; done
  say "all of it: $SECONDS s"
  printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
  [ "$FAILED" -eq 0 ]
}
