#!/usr/bin/env bash
# Installs actionlint, which checks the workflows of GitHub, into .cache/bin. Says nothing when it is there, can be run again at
# any time, and exits 1 with the reason when it cannot be built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "$here/../.." && pwd)/.cache/bin
version=v1.7.12
installer=test/github/setup.sh
# shellcheck source=test/support/install.sh
source "$here/../support/install.sh"

go_build actionlint "$version" \
  go install -trimpath -ldflags=-s "github.com/rhysd/actionlint/cmd/actionlint@$version"
