#!/usr/bin/env bash
# Installs what the tests need, then runs them all: those of the page's scripts, then the others on SQLite and again on
# PostgreSQL. Arguments go to pytest, which then runs alone and once: ./test.sh tests/api -x, or
# FERMON_TEST_DATABASE=postgresql ./test.sh tests/api -x
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

./start.sh --install-only requirements-dev.lock
# The dashboard's tests drive a browser, and have npm fetch the script that the page takes from a CDN.
# PostgreSQL comes by pip; Redis and mosquitto do not.
.ci/programs chromium npm redis-server mosquitto prometheus
# Tests start hundreds of processes. Each would compile all modules anew where PYTHONDONTWRITEBYTECODE is set.
unset PYTHONDONTWRITEBYTECODE
.venv/bin/python -m compileall -q fermon_site monitoring tests

# What runs the tests on this database.
runner() {
    case $1 in
    sqlite) echo pytest ;;
    postgresql) echo tests.on_postgresql ;;
    *) echo "FERMON_TEST_DATABASE=$1 is not understood: use sqlite or postgresql." >&2 && return 2 ;;
    esac
}

unset DATABASE_URL REDIS_URL # tests are not for what a production uses
if [ $# -gt 0 ] || [ -n "${FERMON_TEST_DATABASE-}" ]; then
    module=$(runner "${FERMON_TEST_DATABASE:-sqlite}")
    [ $# -gt 0 ] || set -- -n 3 --dist worksteal
    exec .venv/bin/python -m "$module" "$@"
fi
code=0
tests/js/run || code=$?
echo "On sqlite, with the coverage of the tests' own process:"
.venv/bin/python -m pytest -n 3 --dist worksteal --cov --cov-report=term || code=$?
echo "On postgresql:"
.venv/bin/python -m tests.on_postgresql -n 3 --dist worksteal || code=$?
exit "$code"
