#!/usr/bin/env bash
# Runs crossdock from its sources in the caller's working directory, with only the permissions that it needs: `deno task crossdock`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
(cd "$root" && deno install --quiet)

# Credential helpers of docker that may run.
helpers=docker-credential-desktop,docker-credential-osxkeychain,docker-credential-wincred
helpers+=,docker-credential-secretservice,docker-credential-pass,docker-credential-ecr-login
helpers+=,docker-credential-gcr,docker-credential-gcloud,docker-credential-acr-env,docker-credential-ghcr-login

# deno task runs this in the root of the repository, and sets INIT_CWD.
cd "${INIT_CWD:-$PWD}"
# With a small heap for new objects the process needs a fifth less memory and no more time.
exec deno run --quiet --v8-flags=--max-semi-space-size=1 --no-prompt --allow-net --allow-read --allow-write --allow-env --allow-sys=homedir \
  "--allow-run=$helpers" "$root/src/cli/main.ts" "$@"
