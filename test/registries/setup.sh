#!/usr/bin/env bash
# Installs what the tests with real registries run. Says nothing when all is there, can be run again
# at any time, and exits 1 with the reason when something cannot be had.
#
#   /usr/bin       docker-registry (distribution 2.8), skopeo, umoci, openssl: Debian's packages
#   .cache/bin     distribution (CNCF distribution 3), crane, oras, regsync, regctl, instruments (ours): built with Go
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "$here/../.." && pwd)/.cache/bin
crane_version=v0.22.1
oras_version=v1.3.6
regclient_version=v0.11.7

installer=test/registries/setup.sh
# shellcheck source=test/support/install.sh
source "$here/../support/install.sh"

install_programs docker-registry skopeo umoci openssl
sources=$(cat "$here"/distribution/{main.go,go.mod,go.sum} | sha256sum | cut -c 1-16)
go_build distribution "$sources" \
  go -C "$here/distribution" build -buildvcs=false -trimpath -ldflags=-s -o "$bin/distribution" .
instruments=$here/../../bench/instruments
go_build instruments "$(cat "$instruments"/{*.go,go.mod} | sha256sum | cut -c 1-16)" \
  go -C "$instruments" build -buildvcs=false -trimpath -ldflags=-s -o "$bin/instruments" .
go_build crane "$crane_version" \
  go install -trimpath -ldflags=-s "github.com/google/go-containerregistry/cmd/crane@$crane_version"
go_build oras "$oras_version" \
  go install -trimpath -ldflags=-s "oras.land/oras/cmd/oras@$oras_version"
for program in regsync regctl; do
  go_build "$program" "$regclient_version" \
    go install -trimpath -ldflags=-s "github.com/regclient/regclient/cmd/$program@$regclient_version"
done
