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
failed=""
# Runs a part of the tests, and keeps what it prints.
part() {
    local name=$1
    shift
    "$@" 2>&1 | tee "var/tests/$name.log" || { code=$? && failed="$failed $name"; }
}

mkdir -p var/tests
part javascript tests/js/run
echo "On sqlite, with the coverage of the tests' own process:"
part sqlite .venv/bin/python -m pytest -n 3 --dist worksteal --cov --cov-report=term
echo "On postgresql:"
part postgresql .venv/bin/python -m tests.on_postgresql -n 3 --dist worksteal
# What failed lies thousands of lines above the end, and who keeps only the end of a log would not see it.
for name in $failed; do
    echo "Failed in $name:"
    awk '/^=+ (warnings summary|tests coverage) =+$/ { left_out = 1 }
        /^=+ (ERRORS|FAILURES|short test summary info) =+$|^FAIL |^Tests were skipped/ { left_out = 0 }
        !left_out && !/^[.sxFE]+ +\[ *[0-9]+%\]$/ { print }' "var/tests/$name.log" | tail -n 100
done
exit "$code"
