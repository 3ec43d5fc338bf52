# One line each: what `make help` prints.  Needs Python 3.11 or newer and make, nothing else.
# ARGS reaches the command:  make demo ARGS="--once --people 200"   make test ARGS="-k mllp -x"

VENV := .venv
BIN  := $(VENV)/bin
ARGS ?=
UV   ?= uv
COMPILE = $(UV) pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all check bench docs format lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

demo: install ## everything, end to end: database, synthetic neighbourhood, five feeds, API on 127.0.0.1:8000
	$(BIN)/toldonce demo $(ARGS)

test: install ## the tests that need nothing but this folder (under 5 minutes)
	$(BIN)/python -m pytest -m "not slow and not samples" $(ARGS)

test-all: test ## `make test`, then what it leaves out: slow tests, and the real samples under ../shared where they are
	$(BIN)/python -m pytest -m "slow or samples" $(ARGS)

check: install ## format, lint, types, import contracts, docs against code; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/docs

bench: install ## records/s, messages/s and resources/s, beside the bare database
	$(BIN)/python -m tests.bench $(ARGS)

docs: install ## write anew those parts of docs/ that are made from the code
	$(BIN)/python -m pytest -q tests/docs --write-docs

format: install ## format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Needs uv (https://docs.astral.sh/uv/). Pins that still satisfy pyproject.toml stay; newest: make lock ARGS=--upgrade
# The second lock is the first one without the development tools; the container image installs it.
lock: ## refresh requirements.lock and docker/requirements.lock from pyproject.toml
	$(COMPILE) --group dev $(ARGS) -o requirements.lock
	$(COMPILE) --constraint requirements.lock -o docker/requirements.lock

# Installed once, and again when the lock or the project's own metadata changes.
install: $(VENV)/.installed

$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.locked: requirements.lock
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(FIND_PYTHON); \
	echo "Making $(VENV) with $$python"; \
	"$$python" -m venv --clear $(VENV) || { echo "$$python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }; }
	@echo "Installing the locked dependencies"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

define FIND_PYTHON
for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14 none; do \
"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; done; \
[ "$$python" != none ] || { echo "Python 3.11 or newer is needed, and none was found; say where with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
endef
