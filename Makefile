PYTHON := .venv/bin/python

.PHONY: bench check install lint run test torture

SECONDS := 600
SEED :=
ONLY :=

check: lint test

install:
	@./start.sh --install-only requirements-dev.txt

lint: install
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy monitoring fermon_site
	.venv/bin/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	.venv/bin/shellcheck start.sh test.sh .ci/run

test:
	./test.sh

run:
	./start.sh

# make torture SECONDS=3600 SEED=7: faults in random order for so long, with a seed that was seen to fail
torture: install
	FERMON_TORTURE_SECONDS=$(SECONDS) FERMON_TORTURE_SEED=$(SEED) $(PYTHON) -m pytest tests/torture -rP

# make bench ONLY=reads: a part of the benchmarks; see bench/README.md
bench: install
	$(PYTHON) -m bench $(ONLY)
