#!/usr/bin/env bash
# The step of action.yml: turns its inputs into arguments, runs crossdock, and writes the outputs and the summary of the step.
# Works with the bash 3.2 of macOS.
set -uo pipefail

fail() {
  printf 'crossdock action: %s\n' "$1" >&2
  exit 2
}

# add_lines PREFIX TEXT: adds each line that is not empty to the arguments.
add_lines() {
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    if [ -n "$line" ]; then arguments+=("$1$line"); fi
  done <<<"$2"
}

command -v npx >/dev/null || fail 'npx is missing: add a step with actions/setup-node before this one'
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 22 ] || fail "Node $major is too old, expected 22 or newer: add a step with actions/setup-node before this one"

version=$INPUT_VERSION
if [ -z "$version" ] && [[ $(<"$GITHUB_ACTION_PATH/package.json") =~ \"version\":\ \"([^\"]+)\" ]]; then
  version=${BASH_REMATCH[1]}
fi
[[ $version =~ ^[0-9A-Za-z][0-9A-Za-z.-]*$ ]] || fail "version: expected a version such as 0.2.0, found '$version'"

if [ -n "$INPUT_CONFIG" ]; then
  [ -z "$INPUT_SOURCE$INPUT_DESTINATION" ] || fail 'config: expected no source and destination beside it'
  [ -z "$INPUT_SOURCE_CREDENTIALS$INPUT_DESTINATION_CREDENTIALS" ] ||
    fail 'config: expected credentials in its key creds, or from docker/login-action'
  arguments=(sync "--config=$INPUT_CONFIG")
  add_lines --rule= "$INPUT_RULES"
else
  [ -n "$INPUT_SOURCE" ] && [ -n "$INPUT_DESTINATION" ] || fail 'expected source and destination, or config'
  [ -z "$INPUT_RULES" ] || fail 'rules: expected config beside it'
  arguments=(copy)
  if [ -n "$INPUT_SOURCE_CREDENTIALS" ]; then arguments+=(--src-creds-env=INPUT_SOURCE_CREDENTIALS); fi
  if [ -n "$INPUT_DESTINATION_CREDENTIALS" ]; then arguments+=(--dest-creds-env=INPUT_DESTINATION_CREDENTIALS); fi
fi
case $INPUT_DRY_RUN in
  true) arguments+=(--dry-run) ;;
  false | '') ;;
  *) fail "dry-run: expected true or false, found '$INPUT_DRY_RUN'" ;;
esac
arguments+=(--json --progress=plain)
add_lines '' "$INPUT_OPTIONS"
# After -- a name that begins with a dash is no option.
if [ -z "$INPUT_CONFIG" ]; then arguments+=(-- "$INPUT_SOURCE" "$INPUT_DESTINATION"); fi

report=$(mktemp "${RUNNER_TEMP:-/tmp}/crossdock-report.XXXXXX")
# The output may quote a registry, so the runner must not read commands in it.
token=$(node -p 'crypto.randomUUID()')
printf '::stop-commands::%s\n' "$token"
NO_COLOR=1 npx --yes --package="crossdock@$version" -- crossdock "${arguments[@]}" >"$report"
code=$?
printf '::%s::\n' "$token"

node "$GITHUB_ACTION_PATH/.github/action/summary.mjs" "$report" || fail 'the summary could not be written'
exit "$code"
