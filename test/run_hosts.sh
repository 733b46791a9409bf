#!/usr/bin/env bash
# test/run_hosts.sh [node] [bun] [handler]
#
# node, bun   the tests of `deno task test` on Node 24 or Bun, but for those that Deno alone can run
# handler     test/handler/ against the server on each host but `deno serve`, on which `deno task test` runs it
#
# Runs all three if none is named. Says `node: N passed, N failed`, `bun: …` and `handler on …: …` at the end, and exits 1 unless
# every test passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export NO_COLOR=1
unset FORCE_COLOR
if [ $# -eq 0 ]; then set -- node bun handler; fi

bash test/setup_runtimes.sh
bin=.cache/runtimes/node_modules/.bin
echo "Node $("$bin/node" --version), Bun $("$bin/bun" --version)"

# Left out: what needs installed programs, what Deno runs against other hosts, what starts workerd from Deno, and the tools of the
# repository, which are programs of Deno.
mapfile -t files < <(
  find ./test -name '*.test.ts' -not -name 'workerd*.test.ts' \
    -not -path './test/registries/*' -not -path './test/layouts_judges/*' -not -path './test/browser/*' -not -path './test/package/*' \
    -not -path './test/handler/*' -not -path './test/workers/*' -not -path './test/faults/*' \
    -not -path './test/github/*' -not -path './test/build/release.test.ts' -not -path './test/build/reference/*' |
    LC_ALL=C sort
)
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
status=0
summary=""

# Node starts a process for each file, and tests start more. Each would compile all sources again.
export NODE_COMPILE_CACHE=$output/compiled

# run NAME PASSED FAILED COMMAND...: PASSED and FAILED match the runner's closing counts.
run() {
  local name=$1 passed=$2 failed=$3 code=0 ok bad
  shift 3
  "$@" </dev/null 2>&1 | tee "$output/$name" || code=$?
  ok=$(sed -nE "s/$passed/\\1/p" "$output/$name" | tail -n 1)
  bad=$(sed -nE "s/$failed/\\1/p" "$output/$name" | tail -n 1)
  if [ -z "$ok" ] || [ -z "$bad" ] || [ "$ok" -eq 0 ]; then
    echo "test/run_hosts.sh: no counts in what $name said" >&2
    status=1
  fi
  if [ "$code" -ne 0 ] || [ "${bad:-1}" -ne 0 ]; then status=1; fi
  summary+="$name: ${ok:-0} passed, ${bad:-0} failed"$'\n'
}

# The other hosts that test/handler/start_handler.ts knows.
run_handler() {
  local host ignored
  # Node writes its cache when it ends by itself, which the servers of most tests do not. With a wrong port it ends at once.
  PORT=none "$bin/node" src/entries/serve.ts 2>/dev/null || true
  for host in deno-run node bun workerd; do
    # A Worker neither starts nor stops.
    if [ "$host" = workerd ]; then ignored=test/handler/long_running; else ignored=; fi
    run "handler on $host" '^[a-zA-Z]+ \| ([0-9]+) passed.*$' '^[a-zA-Z]+ \| .* \| ([0-9]+) failed.*$' \
      env CROSSDOCK_TEST_HOST="$host" deno test --allow-all --no-check ${ignored:+"--ignore=$ignored"} test/handler
  done
}

for suite in "$@"; do
  case $suite in
    node) run node '^.* pass ([0-9]+)$' '^.* fail ([0-9]+)$' "$bin/node" --test --test-reporter=spec "${files[@]}" ;;
    bun) run bun '^ *([0-9]+) pass$' '^ *([0-9]+) fail$' "$bin/bun" test --timeout 60000 "${files[@]}" ;;
    handler) run_handler ;;
    *) echo "test/run_hosts.sh: unknown: $suite" >&2; exit 2 ;;
  esac
done

printf '%s' "$summary"
exit "$status"
