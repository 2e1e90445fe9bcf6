PYTHON := .venv/bin/python

.PHONY: audit bench check install lint lock run test torture

SECONDS := 600
SEED :=
ONLY :=
DATABASE := sqlite
COMPILE := pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

check: lint test
	@.ci/audit --if-reachable

install:
	@./start.sh --install-only requirements-dev.lock

lint: install
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy monitoring fermon_site
	.venv/bin/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) -m bandit -q -c pyproject.toml -r monitoring fermon_site manage.py
	.venv/bin/shellcheck start.sh test.sh .ci/run .ci/audit deploy/back-up-postgresql
	.venv/bin/hadolint deploy/Dockerfile

# Whether a known vulnerability is in what is pinned. Needs the internet.
audit: install
	@.ci/audit

# After a pin was changed: all that is installed anywhere, with the hashes of every file of it.
lock: install
	$(PYTHON) -m uv $(COMPILE) requirements.txt -o requirements.lock
	$(PYTHON) -m uv $(COMPILE) requirements-dev.txt -c requirements.lock -o requirements-dev.lock

test:
	./test.sh

run:
	./start.sh

# make torture SECONDS=3600 SEED=7: faults in random order for so long, with a seed that was seen to fail;
# DATABASE=postgresql: on PostgreSQL and Redis
torture: install
	FERMON_TORTURE_SECONDS=$(SECONDS) FERMON_TORTURE_SEED=$(SEED) \
	FERMON_TEST_DATABASE=$(DATABASE) ./test.sh tests/torture -rP

# make bench ONLY=reads: a part of the benchmarks; see bench/README.md
bench: install
	$(PYTHON) -m bench $(ONLY)
