# Every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: chromium demo help test prove lint types imports bench interop screenshots clean

help: ## Say what each command does
	@awk -F ':.*## ' '/^[a-z.]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What runs is compiled when it is first run, which takes less time than compiling everything.
$(RUNTIME): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Stipend needs Python 3.11 or newer.")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "Installing what Stipend needs into $(VENV)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable .
	@touch $(RUNTIME)

$(READY): $(RUNTIME)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

.venv: $(READY) ## Make the virtual environment that the other commands need

demo: $(RUNTIME) ## Show it all on this machine, with no account anywhere; PORT=3100 chooses the page's port
	@$(BIN)/python -m bot demo $(if $(filter command line,$(origin PORT)),--port $(PORT))

# The browser tests drive the system's Chromium. Only root can install it; without it they are skipped and say so.
CHROMIUM := chromium fonts-noto-color-emoji
chromium:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(CHROMIUM) >/dev/null; \
	} || echo "Chromium is missing and only root can install it: the browser tests will be skipped."

# Tests start the bot hundreds of times; each start would compile it anew where Python may not keep what it compiled.
test prove bench interop screenshots: export PYTHONDONTWRITEBYTECODE =

test: $(READY) chromium ## Run the tests on SQLite and PostgreSQL (at most five minutes on two cores)
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not long and not interop and not bench and not screenshots"

prove: $(READY) ## Run the long proofs: many examples, kills, simulated years
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long --timeout 900

lint: $(READY) ## Check style
	$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .

types: $(READY) ## Check types
	$(BIN)/mypy

imports: $(READY) ## Check that imports run down only
	$(BIN)/lint-imports

bench: $(READY) ## Measure speed, as ratios in one run
	$(BIN)/python -m pytest -m bench --timeout 1800 -s tests/bench

interop: $(READY) ## Run with real third-party programs: a LiteLLM proxy
	$(BIN)/python -m pytest -m interop --timeout 900 tests/interop

screenshots: $(READY) chromium ## Photograph every surface of the bot into screenshots/, with a sheet of them all
	$(BIN)/python -m pytest -m screenshots --timeout 300 tests/browser

clean: ## Remove what the other commands made
	rm -rf $(VENV) .interop .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
