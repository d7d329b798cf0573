#!/bin/sh
# Installs what is missing, from Debian's packages: what the program needs, with "tests" what its tests need, with
# "model" what its models need, with "fuzz" what fuzzing needs.
# Runs as root or with sudo; does nothing where everything is there.
set -eu

packages=""
have() { command -v "$1" >/dev/null 2>&1; }
want() { packages="$packages $1"; }

have cc || want "gcc libc6-dev"
have make || want make
have tesseract || want "tesseract-ocr"
[ -e /usr/share/tesseract-ocr/5/tessdata/kor.traineddata ] || want tesseract-ocr-kor
fc-list 2>/dev/null | grep -qi nanum || [ -d /usr/share/fonts/truetype/nanum ] || want fonts-nanum
if [ "${1:-}" = tests ]; then
  have chromium || want chromium
  # Specimen cards are printed in this face too.
  [ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || want fonts-noto-cjk
  have node || want nodejs
  have npm || want npm
  # Tests start servers of their own; one that the package starts stands in nobody's way.
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || want postgresql
  have setpriv || want util-linux
fi
case "${1:-}" in tests | model) have spin || want spin ;; esac
# The fuzzer's own runtime is C++.
[ "${1:-}" != fuzz ] || have c++ || want g++
if [ -n "$packages" ]; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  echo "installing:$packages"
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -qq
  # shellcheck disable=SC2086 # A list of packages.
  $sudo apt-get install -y -qq --no-install-recommends $packages >/dev/null
fi
have cargo || { echo "Rust is missing: install it from https://rustup.rs, then run this again." >&2; exit 1; }
if [ "${1:-}" = tests ]; then
  have cargo-nextest || cargo install --quiet --locked cargo-nextest
  [ -d tests/browser/node_modules/playwright-core ] && [ -d tests/browser/node_modules/axe-core ] || (cd tests/browser && npm ci --silent --no-audit --no-fund)
fi
if [ "${1:-}" = fuzz ]; then
  have cargo-fuzz || cargo install --quiet --locked cargo-fuzz
fi
