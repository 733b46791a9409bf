#!/usr/bin/env bash
# Installs the workerd build for which bench/workerd.ts has limits into .cache/workerd, unless it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=1.20260917.1
folder=.cache/workerd
if ! "$folder/node_modules/workerd/bin/workerd" --version >/dev/null 2>&1; then
  mkdir -p "$folder"
  # The install script replaces the launcher by the platform's program.
  npm install --prefix "$folder" --no-audit --no-fund --loglevel=error "workerd@$version"
fi
