#!/bin/sh
# Checks the models in docs/models with spin: each must hold as it stands, and each mutant must be found. With "large"
# the models are checked within wider bounds too (some minutes and gigabytes).
set -eu

models=$(cd "$(dirname "$0")/../docs/models" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
passed=0
failed=0

# What a search says: "holds", "finds MARK" (of the assertion that broke), or "fails: WHY".
search() {
  model=$1
  shift
  rm -rf "$out/pan" && mkdir "$out/pan" && cd "$out/pan" && cp "$models/$model.pml" .
  spin "$@" -a "$model.pml" >log || { echo "fails: not a model"; return; }
  # Without partial-order reduction every interleaving is visited; the models are small enough.
  cc -O1 -w -DSAFETY -DNOREDUCE "$@" -o pan pan.c
  # -m: paths up to this depth, and a longer one is an error; -E: ending anywhere is no error.
  ./pan -m1000000 -b -E >log
  states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' log)
  if grep -q "errors: 0" log && ! grep -q "max search depth too small\|out of memory" log; then
    echo "holds: $states states"
  elif grep -q "assertion violated" log; then
    # The trail ends at the line of the assertion, and its mark stands at the end of that line.
    line=$(spin -t -p "$@" "$model.pml" 2>&1 | sed -n 's/.*pml:\([0-9]*\), Error: assertion.*/\1/p' | head -1)
    echo "finds $(sed -n "${line:-1}s:.*/\* \([A-Z_]*\) \*/.*:\1:p" "$model.pml")"
  else
    echo "fails: $(head -1 log)"
  fi
}

# check EXPECTED MODEL DEFINITION...
check() {
  expected=$1
  shift
  said=$(search "$@")
  case $said in
    $expected*) passed=$((passed + 1)); verdict=ok ;;
    *) failed=$((failed + 1)); verdict=WRONG ;;
  esac
  printf '%-5s %-45s %s\n' "$verdict" "$*" "$said"
}

check holds tasks
check "finds LATEST" tasks -DNO_FENCE
check "finds AT_MOST_ONCE" tasks -DATTEMPT_LATE
check "finds AT_MOST_ONCE" tasks -DRESTORE_FORGETS
check "finds LATEST" tasks -DRESTORE_ALIVE
check "finds TRUE" tasks -DNO_SETTLE
check "finds AT_LEAST_ONCE" tasks -DRECORD_FIRST

check holds numbering
check "finds CONTIGUOUS" numbering -DNO_CAS
check "finds ONCE" numbering -DNO_PENDING
check "finds CASE_ORDER" numbering -DNO_ORDER

check holds destruction
check "finds OPENS" destruction -DJOURNAL_LAST
check "finds NEVER_AGAIN" destruction -DACK_EARLY
check "finds NEVER_AGAIN" destruction -DFORGET_ONCE
check "finds NEVER_AGAIN" destruction -DNO_GENERATION
check "finds NOTHING_LEFT" destruction -DNO_REPLAY
check "finds NOTHING_LEFT" destruction -DNO_REFUSAL
check "finds NEVER_AGAIN" destruction -DJOURNAL_COPIED
check "finds NOTHING_LEFT" destruction -DNO_GATE
check "finds NOTHING_LEFT" destruction -DMARK_FIRST
check "finds NOTHING_LEFT" destruction -DBLOBS_FIRST
check "finds KEY_THERE" destruction -DKEYS_FIRST

if [ "${1:-}" = large ]; then
  check holds tasks -DWORKERS=4 -DLEASES=6
  check holds numbering -DSEQUENCERS=3
  check holds destruction -DREADERS=2
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
