#!/usr/bin/env bash
# Runs the measurements that are named, or all that fail by themselves when something got worse.
#
#     deno task bench [memory] [latency] [workerd] [sync] [worker]
set -euo pipefail

if [ $# -eq 0 ]; then set -- memory latency workerd sync; fi
for name in "$@"; do
  if [[ ! $name =~ ^(memory|latency|workerd|sync|worker)$ ]]; then
    echo "bench/run.sh: there is no measurement $name" >&2
    exit 2
  fi
done
for name in "$@"; do deno task "bench:$name"; done
