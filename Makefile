# `make demo` and `make test` need nothing but make and Python >= 3.11; everything goes into $(VENV).

VENV ?= .venv
# Tests wait as much as they work: three keep two cores busy.
JOBS ?= 3
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)

# Some machines forbid Python to keep its bytecode: every start would compile everything again.
export PYTHONDONTWRITEBYTECODE :=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
STAMP := $(VENV)/.installed
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help demo test test-long ui ui-check ui-test check format bench lock wheel clean

help:
	@echo "make demo       set up $(VENV) and run the sentiment flow on 4,200 tweets"
	@echo "make test       set up $(VENV) and run all tests but the long ones"
	@echo "make test-long  the long ones"
	@echo "make ui         build the page that headwater up shows (needs Node >= 20.19)"
	@echo "make check      format, lint, types, layers"
	@echo "make format     put the sources into the one format"
	@echo "make bench      all benchmarks, side by side with their peers -> bench/RESULTS.md"
	@echo "make wheel      build dist/*.whl"
	@echo "make lock       resolve the locked requirements anew (needs uv)"
	@echo "make clean      remove what was built; keeps $(VENV) and .headwater"

demo: $(STAMP)-demo
	@test -d .headwater || $(BIN)/headwater init
	$(BIN)/python examples/sentiment/flow.py run
	@echo
	@echo "These commands live in $(VENV); to type them as shown: . $(BIN)/activate"

# What drives a browser leaves an event loop at work in its process, in which no other test could start its own. Its files
# share stores that take seconds to make.
test: $(STAMP)-dev
	@$(BIN)/python hatch_build.py --if-possible
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not long" --ignore tests/ui
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not long" tests/ui
	@$(MAKE) --no-print-directory ui-test

test-long: $(STAMP)-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m long --ignore tests/ui
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m long tests/ui

# Whatever needs Node says so and is left out where there is none.
NPM := $(shell command -v npm)

ui: $(STAMP)-demo
	$(BIN)/python hatch_build.py

ui/node_modules: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	@touch $@

ui-check ui-test: ui-%:
	@if [ -z "$(NPM)" ]; then echo "no npm: $@ is left out"; \
	elif ! $(MAKE) --no-print-directory ui/node_modules; then echo "what ui/ needs cannot be fetched: $@ is left out"; \
	else cd ui && npm run --silent $*; fi

check: $(STAMP)-dev ui-check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

format: $(STAMP)-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)-dev
	$(BIN)/python -m bench $(BENCH)

wheel: $(STAMP)-dev
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

lock:
	$(LOCK) pyproject.toml --output-file requirements/core.lock
	$(LOCK) pyproject.toml requirements/build.in --extra ml --extra hosting --output-file requirements/demo.lock
	$(LOCK) pyproject.toml requirements/build.in --extra ml --extra arrow --extra hosting --group dev \
		--output-file requirements/dev.lock

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis bench/.venvs
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Headwater needs Python >= 3.11; say which: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The first installs what the demo needs, the second what the tests need as well; neither looks beyond its lock.
$(STAMP)-demo $(STAMP)-dev: $(STAMP)-%: requirements/%.lock pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip
	@echo "installing requirements/$*.lock into $(VENV)"
	@$(PIP) install --require-hashes --requirement requirements/$*.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
