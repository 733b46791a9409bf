#!/usr/bin/env bash
# Installs what the bench runs in addition to test/registries/setup.sh: the library of a current skopeo, built with Go into
# .cache/bin without C.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$here/../.cache/bin

installer=bench/setup.sh
# shellcheck source=test/support/install.sh
source "$here/../test/support/install.sh"

tags="containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper"
tags+=" containers_image_docker_daemon_stub containers_image_storage_stub"
sources=$(cat "$here"/skopeo_library/{main.go,go.mod,go.sum} | sha256sum | cut -c 1-16)
go_build skopeo-library "$sources" \
  go -C "$here/skopeo_library" build -buildvcs=false -trimpath -ldflags=-s -tags "$tags" -o "$bin/skopeo-library" .
