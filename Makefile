PYTHON := .venv/bin/python

.PHONY: check install lint run test

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
