#!/usr/bin/env bash
# Builds the Worker and its page: [build] of wrangler.toml. A machine that builds for "Deploy to Cloudflare" has Node and no Deno;
# npm has installed the packages there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if command -v deno >/dev/null; then
  deno install --quiet
  exec deno run --quiet --allow-all build/worker.ts
fi
# Since 22.18 Node runs TypeScript.
if ! node -e 'process.exit(process.features.typescript ? 0 : 1)'; then
  echo "build/worker.sh: expected Deno, or Node 22.18 or newer, found Node $(node --version)" >&2
  exit 1
fi
exec node build/worker.ts
