#!/usr/bin/env bash
# Installs what the tests with real registries run. Says nothing when all is there, can be run again
# at any time, and exits 1 with the reason when something cannot be had.
#
#   /usr/bin       docker-registry (distribution 2.8), skopeo, openssl: Debian's packages
#   .cache/bin     distribution (CNCF distribution 3), crane, oras, regsync: built with Go
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "$here/../.." && pwd)/.cache/bin
crane_version=v0.22.1
oras_version=v1.3.6
regsync_version=v0.11.7

fail() {
  echo "test/registries/setup.sh: $*" >&2
  exit 1
}

# Runs a command without a word, and shows the end of what it said when it fails.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "$what failed, see above"
  fi
  rm -f "$log"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
  local missing=() package
  for package in docker-registry skopeo openssl; do
    [ -x "/usr/bin/$package" ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  command -v apt-get >/dev/null ||
    fail "missing in /usr/bin: ${missing[*]}; there is no apt-get to install them with"
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null ||
    fail "missing: ${missing[*]}; run as root, or with a sudo that asks no password"

  # docker-registry would start a service on port 5000, which nobody asked for.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  quietly "apt-get update" as_root apt-get update
  quietly "apt-get install ${missing[*]}" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "${missing[@]}"
  for package in "${missing[@]}"; do
    [ -x "/usr/bin/$package" ] || fail "apt-get installed $package, but there is no /usr/bin/$package"
  done
}

# is_built NAME VERSION: the program is there, and of that version.
is_built() {
  [ -x "$bin/$1" ] && [ "$(cat "$bin/.$1.version" 2>/dev/null)" = "$2" ]
}

go_build() {
  local name=$1 version=$2
  shift 2
  ! is_built "$name" "$version" || return 0
  PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null || fail "Go is missing: $name is built with Go 1.26 or newer" \
    "(Debian's golang-go can be older than that)"
  mkdir -p "$bin"
  quietly "building $name $version with $(go env GOVERSION)" \
    env GOBIN="$bin" CGO_ENABLED=0 GOFLAGS= "$@"
  echo "$version" >"$bin/.$name.version"
}

install_packages
sources=$(cat "$here"/distribution/{main.go,go.mod,go.sum} | sha256sum | cut -c 1-16)
go_build distribution "$sources" \
  go -C "$here/distribution" build -buildvcs=false -trimpath -ldflags=-s -o "$bin/distribution" .
go_build crane "$crane_version" \
  go install -trimpath -ldflags=-s "github.com/google/go-containerregistry/cmd/crane@$crane_version"
go_build oras "$oras_version" \
  go install -trimpath -ldflags=-s "oras.land/oras/cmd/oras@$oras_version"
go_build regsync "$regsync_version" \
  go install -trimpath -ldflags=-s "github.com/regclient/regclient/cmd/regsync@$regsync_version"
