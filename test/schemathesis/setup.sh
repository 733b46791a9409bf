#!/usr/bin/env bash
# Installs schemathesis into .cache/schemathesis, a virtual environment of Python's. Says nothing when it is there, can be run
# again at any time, and exits 1 with the reason when it cannot be had.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment=$(cd "$here/../.." && pwd)/.cache/schemathesis
version=4.32.5
installer=test/schemathesis/setup.sh
# shellcheck source=test/support/install.sh
source "$here/../support/install.sh"

if [ "$("$environment/bin/schemathesis" --version 2>/dev/null)" = "schemathesis, version $version" ]; then
  exit 0
fi
# Debian keeps what makes environments apart from Python itself.
python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
rm -rf "$environment"
quietly "python3 -m venv" python3 -m venv "$environment"
quietly "pip install schemathesis" \
  "$environment/bin/pip" install --disable-pip-version-check "schemathesis==$version"
