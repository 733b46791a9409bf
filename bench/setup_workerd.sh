#!/usr/bin/env bash
# Fetches the workerd that bench/workerd.ts holds its limits against into .cache/workerd, when it is not there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=1.20260917.1
folder=.cache/workerd
if ! "$folder/node_modules/workerd/bin/workerd" --version >/dev/null 2>&1; then
  mkdir -p "$folder"
  # Its install script puts the platform's program in the place of the launcher.
  npm install --prefix "$folder" --no-audit --no-fund --loglevel=error "workerd@$version"
fi
