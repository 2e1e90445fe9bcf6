PYTHON := .venv/bin/python

.PHONY: audit bench check format install lint lint-page lock run test torture

SECONDS := 600
SEED :=
ONLY :=
DATABASE := sqlite
COMPILE := pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
NPM_STAMP := tests/js/node_modules/.installed
BIOME := tests/js/node_modules/.bin/biome
PAGE := --config-path=tests/js/page.biome.json static/monitoring/js tests/js

# Before each commit: the rules, and the tests that reach no database. All that must pass: .ci/run
check: lint
	./test.sh -q -n 2 -m domain

install:
	@./start.sh --install-only requirements-dev.lock

lint: install lint-page
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy monitoring fermon_site tests bench manage.py
	.ci/wording
	.venv/bin/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) -m bandit -q -c pyproject.toml -r monitoring fermon_site manage.py
	.venv/bin/shellcheck start.sh test.sh .ci/run .ci/audit .ci/programs tests/js/run deploy/back-up-postgresql
	.venv/bin/hadolint deploy/Dockerfile

# The scripts of the page: rules and format, then types.
lint-page: $(NPM_STAMP)
	$(BIOME) check --error-on-warnings $(PAGE)
	tests/js/node_modules/.bin/tsc --project tests/js

# Formats Python and the scripts of the page.
format: install $(NPM_STAMP)
	$(PYTHON) -m ruff format .
	$(BIOME) format --write $(PAGE)

# Last of all, so that an installation that broke off is made again.
$(NPM_STAMP): tests/js/package-lock.json
	@.ci/programs npm
	npm ci --prefix tests/js --no-audit --no-fund
	@touch $@

# Whether a known vulnerability is in what is pinned. Needs the internet.
audit: install
	@.ci/audit

# After a pin was changed: all that is installed anywhere, with the hashes of every file of it.
lock: install
	$(PYTHON) -m uv $(COMPILE) requirements.txt -o requirements.lock
	$(PYTHON) -m uv $(COMPILE) requirements-sources.txt -c requirements.lock -o requirements-sources.lock
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
