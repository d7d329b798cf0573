#!/bin/sh
# Fuzzes every parser that takes bytes from outside, one target after the other: fuzz.sh SECONDS [TARGET...]. What was
# learnt stays in target/fuzz/corpus and is used again; an input that breaks something is kept in target/fuzz/found.
set -eu

cd "$(dirname "$0")/.."
seconds=$1
shift
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\([a-z]*\)"$/\1/p' fuzz/Cargo.toml)
work=target/fuzz
mkdir -p "$work/found"
# Journals are synced to disk after each record; in memory that costs nothing.
[ -d /dev/shm ] && export TMPDIR=/dev/shm
failed=0

cargo fuzz build --fuzz-dir fuzz --sanitizer none 2>"$work/build.log" ||
  { tail -50 "$work/build.log"; exit 1; }
for target in "$@"; do
  mkdir -p "$work/corpus/$target"
  log="$work/$target.log"
  # -timeout: an input that takes 60 s is a way to stop us, where a card takes one and the machine may be busy with
  # other things; -rss_limit_mb: so is one that takes half a gigabyte.
  if cargo fuzz run --fuzz-dir fuzz --sanitizer none "$target" "$work/corpus/$target" -- \
    -max_total_time="$seconds" -timeout=60 -rss_limit_mb=512 -max_len=1024 -print_final_stats=1 \
    -artifact_prefix="$work/found/$target-" >"$log" 2>&1; then
    result=passed
  else
    result=FAILED
    failed=1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
  printf '%-10s %s: %s inputs in %s s, %s edges\n' "$target" "$result" "${runs:-?}" "$seconds" "${covered:-?}"
  [ "$result" = passed ] || grep -E "panicked|ERROR|SUMMARY|written to" -A1 "$log" | head -12
done
exit $failed
