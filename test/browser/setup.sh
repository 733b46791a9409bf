#!/usr/bin/env bash
# Installs the browser that test/browser opens the page with: /usr/bin/chromium, Debian's package. Says nothing when it is
# there, can be run again at any time, and exits 1 with the reason when it cannot be had.
set -euo pipefail

installer=test/browser/setup.sh
# shellcheck source=test/support/install.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/install.sh"
install_programs chromium
