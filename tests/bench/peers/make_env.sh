#!/usr/bin/env bash
# Makes the peers' environment: tests/bench/peers/make_env.sh DIR
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
python3 -m venv "$1"
"$1/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r "$(dirname "$0")/requirements.txt"
