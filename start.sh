#!/usr/bin/env bash
# Installs Fermon into .venv if need be, then starts it. Needs Python 3.11 or newer, nothing else.
#   ./start.sh                     starts
#   ./start.sh --with-sources      installs the libraries of MQTT, OPC UA and Modbus sources, then starts
#   ./start.sh --install-only FILE only installs that requirements file
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

find_python() {
    local candidate
    for candidate in .venv/bin/python python3.13 python3.12 python3.11 python3 python3.14 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "Fermon needs Python 3.11 or newer, and found none on the PATH. Install it, then start again." >&2
    return 1
}

python=$(find_python)
if [ "${1-}" = --install-only ]; then
    exec "$python" fermon_site/prepare.py "$2"
fi
"$python" fermon_site/prepare.py requirements.lock "$@"
exec .venv/bin/python -m fermon_site.start
