#!/usr/bin/env bash
# Makes target/peers/lag, a Python environment for exporter.py, unless it is there.
# Exit codes: 0 it is there; 3 it cannot be had on this machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
made=$root/target/peers/lag

python3 -c 'import venv, ensurepip' 2>/dev/null || "$root/deploy/setup.sh" python3 python3-venv || exit 3
if ! cmp -s "$here/requirements.txt" "$made/.made"; then
  python3 -m venv --clear "$made" || exit 3
  "$made/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt" || {
    echo "setup: no interpolating exporter here, because confluent-kafka cannot be installed" >&2
    exit 3
  }
  cp "$here/requirements.txt" "$made/.made"
fi
