#!/usr/bin/env bash
# Adds up the closing lines of the test runners in the logs given (or on standard input) and prints three numbers:
# passed, failed, skipped. It reads cargo test, node's test runner (tap and spec), pytest (framed and quiet) and go test (with -v).
set -euo pipefail

awk '
  { gsub(/\033\[[0-9;]*m/, "") }

  # test result: ok. 12 passed; 0 failed; 1 ignored; ...
  /^test result: (ok|FAILED)\. / { passed += $4; failed += $6; skipped += $8; next }

  # "# pass 4" or the same behind an information sign
  NF == 3 && ($1 == "#" || $1 == "ℹ") && $3 ~ /^[0-9]+$/ {
    if ($2 == "pass") passed += $3
    if ($2 == "fail" || $2 == "cancelled") failed += $3
    if ($2 == "skipped" || $2 == "todo") skipped += $3
    next
  }

  # "--- PASS: TestName (0.00s)" at the margin; those of its parts are further in
  /^--- (PASS|FAIL|SKIP): Test.* \([0-9.]+s\)$/ {
    if ($2 == "PASS:") passed++
    if ($2 == "FAIL:") failed++
    if ($2 == "SKIP:") skipped++
    next
  }

  # === 1 failed, 20 passed, 2 skipped in 3.21s ===
  /[0-9] (passed|failed|errors?|skipped|xfailed|xpassed)/ && / in [0-9.]+s( \([0-9:]+\))?( =+)?$/ {
    for (i = 1; i < NF; i++) {
      word = $(i + 1); sub(/,$/, "", word)
      if ($i !~ /^[0-9]+$/) continue
      if (word == "passed") passed += $i
      if (word == "failed" || word == "error" || word == "errors" || word == "xpassed") failed += $i
      if (word == "skipped" || word == "xfailed") skipped += $i
    }
  }

  END { print passed + 0, failed + 0, skipped + 0 }
' "$@"
