#!/usr/bin/env bash
# Fetches Node 24 and Bun from npm into .cache/runtimes, when they are not there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runtimes=.cache/runtimes
bin=$runtimes/node_modules/.bin
if ! { [ -x "$bin/node" ] && [ -x "$bin/bun" ] && "$bin/bun" --version >/dev/null 2>&1; }; then
  mkdir -p "$runtimes"
  npm install --prefix "$runtimes" --no-audit --no-fund --loglevel=error node@24 bun
fi
