#!/usr/bin/env bash
# Installs what the tests need, then runs them all; arguments go to pytest (./test.sh tests/api -x).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

# The dashboard's tests drive a browser, and have npm fetch the script that the page takes from a CDN.
missing_programs() {
    [ -n "${FERMON_CHROMIUM-}" ] || command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null ||
        echo chromium
    command -v npm >/dev/null || echo npm
}

install_programs() {
    echo "Installing for the tests: $*"
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

./start.sh --install-only requirements-dev.lock
missing=$(missing_programs | tr '\n' ' ')
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        # shellcheck disable=SC2086 # two words are two packages
        install_programs $missing
    else
        echo "The dashboard's tests will fail: install ${missing% } (any Chromium or Chrome will do)." >&2
    fi
fi
if [ $# -eq 0 ]; then
    set -- -n 2
fi
exec .venv/bin/python -m pytest "$@"
