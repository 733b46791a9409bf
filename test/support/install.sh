# Shared by the scripts that install programs for tests, which source it. $installer is the name of the script.

fail() {
  echo "$installer: $*" >&2
  exit 1
}

# Runs a command silently, and shows the end of its output if it fails.
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

# install_programs NAME...: installs Debian packages, each with a program of the same name in /usr/bin.
install_programs() {
  local missing=() program
  for program in "$@"; do
    [ -x "/usr/bin/$program" ] || missing+=("$program")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  install_packages "${missing[@]}"
  for program in "${missing[@]}"; do
    [ -x "/usr/bin/$program" ] || fail "apt-get installed $program, but there is no /usr/bin/$program"
  done
}

install_packages() {
  command -v apt-get >/dev/null || fail "missing: $*; there is no apt-get to install them with"
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null ||
    fail "missing: $*; run as root, or with a sudo that asks no password"

  # A package may start a service: docker-registry listens on port 5000.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  quietly "apt-get update" as_root apt-get update
  quietly "apt-get install $*" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "$@"
}

# Programs that are built with Go go into $bin, which the script sets.

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
