#!/usr/bin/env bash
# Runs the named measurements. Default: all that fail if a figure has become worse.
#
#     deno task bench [memory] [latency] [workerd] [sync] [layouts] [worker] [start]
#     deno task bench faults [options of bench/faults.ts]
set -euo pipefail

if [ "${1:-}" = faults ]; then
  shift
  exec deno task --quiet bench:faults "$@"
fi
if [ $# -eq 0 ]; then set -- memory latency workerd sync layouts start; fi
for name in "$@"; do
  if [[ ! $name =~ ^(memory|latency|workerd|sync|layouts|worker|start)$ ]]; then
    echo "bench/run.sh: unknown measurement $name, expected memory, latency, workerd, sync, layouts, worker, start or faults" >&2
    exit 2
  fi
done
for name in "$@"; do deno task "bench:$name"; done
