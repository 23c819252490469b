#!/usr/bin/env bash
# Checks that a fresh clone of HEAD installs and starts in every promised way:
# npm ci && npm start, npm install -g <folder>, npx <folder>, and the packed package. Takes some minutes; touches only a
# temporary folder. Another npm than the installed one: NPM="npx -y npm@9" scripts/try-install.sh
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
npm=${NPM:-npm}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# A home of its own, so that nothing of this user is read or written, but for the way to the registry.
export npm_config_userconfig="${npm_config_userconfig:-$HOME/.npmrc}"
export npm_config_cache="${npm_config_cache:-$(npm config get cache 2>/dev/null)}"
export SMPLCHAT_DISCOVERY=off XDG_DATA_HOME=$tmp/data XDG_CONFIG_HOME=$tmp/config HOME=$tmp/home
mkdir "$HOME"

expected=$(node -p "require('$root/package.json').version")

clone() { git clone -q "$root" "$tmp/$1"; }

# expect WHAT COMMAND...: the command prints the version of this package as its last line.
expect() {
  local what=$1 printed
  shift
  printed=$("$@" 2>"$tmp/err" | tail -n 1) || true
  if [ "$printed" != "$expected" ]; then
    echo "FAILED $what: printed \"$printed\", not \"$expected\"" >&2
    tail -n 20 "$tmp/err" >&2
    exit 1
  fi
  echo "ok     $what"
}

cd "$tmp"
echo "npm $($npm --version), node $(node --version), smplchat $expected at $(git -C "$root" rev-parse --short HEAD)"

clone ci
(cd ci && $npm ci >/dev/null 2>&1)
expect "npm ci && npm start" $npm --prefix ci start --silent -- --version
[ -z "$(git -C ci status --porcelain)" ] || { echo "FAILED npm ci leaves files behind" >&2; exit 1; }

clone global
$npm install -g --prefix "$tmp/prefix" "$tmp/global" >/dev/null 2>&1
expect "npm install -g <folder>" "$tmp/prefix/bin/smplchat" --version

clone exec
expect "npx <folder>" $npm exec --yes -- "$tmp/exec" --version

clone pack
tarball=$($npm pack --silent --pack-destination "$tmp" "$tmp/pack" 2>/dev/null | tail -n 1)
$npm install -g --prefix "$tmp/packed" "$tmp/$tarball" >/dev/null 2>&1
expect "npm install -g <packed package>" "$tmp/packed/bin/smplchat" --version
