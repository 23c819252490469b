#!/usr/bin/env bash
# One door to the development commands; the GitHub workflow goes through it as well.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
  cat <<'USAGE'
usage: ./dev.sh COMMAND [ARGUMENT...]

  install    fetch the dependencies and build (npm ci)
  run        build what changed and open the chat; arguments go to smplchat
  dev        the same with debug output and a fresh identity, nothing on disk
  test       run the tests; arguments go to vitest (a path, -t NAME)
  lint       check format, style and dead code, then the types
  coverage   run the tests and write coverage/index.html
  auto       rerun the tests of what changes, until interrupted
  all        lint, then the tests with coverage: what a change must pass
USAGE
}

ready() { [ -d node_modules ] || npm ci; }

lint() {
  npm run lint
  npm run typecheck
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  install) npm ci ;;
  run) ready && npm start --silent -- "$@" ;;
  dev) ready && npm start --silent -- --debug --ephemeral "$@" ;;
  test) ready && npm test -- "$@" ;;
  lint) ready && lint ;;
  coverage) ready && npm run coverage -- "$@" ;;
  auto) ready && npx vitest watch "$@" ;;
  all) ready && lint && npm run coverage ;;
  "" | help | -h | --help) usage ;;
  *)
    echo "dev.sh: unknown command: $command" >&2
    usage >&2
    exit 2
    ;;
esac
