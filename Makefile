# make serve: open the service in a browser.   make mine: train a panel on the packaged digits and mine it.   make test: run the whole test suite.   make docs: build the site.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable

.PHONY: serve mine test check docs pages test-pythons bench chaos night clean

serve: .venv/.installed
	$(BIN)/outvoted serve

mine: .venv/.installed
	$(BIN)/outvoted mine mnist

test: .venv/.installed-dev
	$(BIN)/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder

check: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src/outvoted tests
	$(BIN)/lint-imports

docs: .venv/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# What is made from the settings: the schemas for editors, and the page of keys.
pages: .venv/.installed-dev
	for kind in mine scan compare heal sweep tune study; do \
	    $(BIN)/outvoted schema $$kind > configs/schema/$$kind.json || exit 1; done
	$(BIN)/outvoted keys --markdown > docs/keys.md
	$(BIN)/outvoted dashboard > cluster/deploy/grafana/outvoted.json
	$(BIN)/outvoted dashboard --alerts > cluster/deploy/grafana/outvoted-alerts.yaml

# The quick tests, and a small run, on every other Python that is here; each gets a folder of its own below build/.
PYTHONS ?= python3.11 python3.12 python3.13
test-pythons:
	for python in $(PYTHONS); do \
	    $$python -c '' 2> /dev/null || { echo "$$python is not here"; continue; }; \
	    own=build/$$($$python -c 'import sys; print("python%d.%d" % sys.version_info[:2])'); \
	    $$python -m venv $$own && \
	    $$own/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]' && \
	    $$own/bin/python -m pytest -q -m "not ray" tests/search tests/actors/panel tests/cluster/configuration && \
	    $$own/bin/outvoted mine mnist --runs $$own/runs --set search.per_target=50 --set panel.training.epochs=3 \
	    || exit 1; done

bench: .venv/.installed-bench
	$(BIN)/python -m tests.benchmarks.engine
	$(BIN)/python -m tests.benchmarks.mining
	$(BIN)/python -m tests.benchmarks.tables --write

# Kills, stops, cuts off and fills up what runs depend on, and compares their rows: make chaos FAULTS=10 SEED=7.
FAULTS ?= 100
SEED ?= 1
chaos: .venv/.installed-dev
	$(BIN)/python -m tests.chaos --faults $(FAULTS) --seed $(SEED)

# A cluster of network namespaces (root on Linux): a run is submitted, stopped, resumed, loses its head, grows and shrinks.
night: .venv/.installed-dev
	$(BIN)/python -m tests.chaos.night

clean:
	rm -rf .venv build *.egg-info

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Outvoted needs Python 3.11 or later; name one with make PYTHON=...")'
	$(PYTHON) -m venv .venv || { $(PYTHON) -m venv --without-pip --clear .venv && $(PYTHON) -m pip --python .venv install pip; }

.venv/.installed: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) .
	touch $@

.venv/.installed-dev: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) '.[dev]'
	touch .venv/.installed $@

.venv/.installed-bench: .venv/.installed-dev
	$(INSTALL) '.[bench]'
	touch $@
