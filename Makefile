# What a person types. Each target makes the environments it needs, once; a fresh machine needs
# make and Python 3.11 or newer, nothing else.
#
#   make demo     the engine against a simulated exchange, ends by itself
#   make test     the tests, with branch coverage
#   make long     the tests that take minutes: too much demand, scenarios switched off, benchmarks
#   make live     an order's life at the real exchanges whose keys are in the environment
#   make check    format, lint, types, and the documents' examples
#   make bench    the table of figures
#   make reference    docs/reference/api.md and events.md anew, from the code
#   make conformance  docs/reference/conformance.md anew, by trying each exchange
#   make clean    remove everything that the others made

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

# The first that is new enough, really runs (a version manager's shim may stand for nothing) and
# can make environments.
ifndef PYTHON
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1; then echo $$python; break; fi; done)
endif

VENV := .venv
BIN := $(VENV)/bin
SDK := .venv-sdk
PIP := -m pip --disable-pip-version-check --quiet
PACKAGES := engine protocol actors supervisors scenarios

# The connector code (protocol, actors, supervisors) must be covered at least so far, in percent
# of lines and branches.
COVERAGE := 90
# Many tests wait on real sockets and clocks, so more processes than cores are worth it; many more
# would disturb each other.
WORKERS := 4
PYTEST_ARGS :=
DEMO_ARGS :=
BENCH_ARGS :=

.PHONY: help demo test long live check bench reference conformance clean constraints FORCE

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

demo: $(VENV)/installed
	$(BIN)/venuetree demo $(DEMO_ARGS)

test: $(VENV)/compiled $(SDK)/installed
	VENUETREE_SDK_PYTHON=$(abspath $(SDK)/bin/python) VENUETREE_REQUIRE_SDK=1 $(BIN)/python -m pytest \
		--numprocesses $(WORKERS) --dist worksteal \
		--cov --cov-report= $(PYTEST_ARGS)
	$(BIN)/coverage report --skip-covered --fail-under=$(COVERAGE)

# Skips exchanges without keys, and real money unless VENUETREE_LIVE=yes: docs/how-to/go-live-safely.md.
live: $(VENV)/tools
	$(BIN)/python -m pytest tests/live --capture=no $(PYTEST_ARGS)

long: $(VENV)/tools
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/long $(PYTEST_ARGS)

check: $(VENV)/tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict --package venuetree
	$(BIN)/mypy --strict tests
	$(BIN)/python -m pytest --numprocesses 2 tests/test_docs.py

# The libraries to compare with live in environments of their own; one that cannot be installed is
# shown as skipped.
bench: $(VENV)/tools
	-$(BIN)/python -m benchmarks peers-install
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

reference: $(VENV)/tools
	$(BIN)/python -m docs.generate

# docs/reference/conformance.md, written anew by a run of the conformance suite.
conformance: $(VENV)/tools
	$(BIN)/python -m tests.conformance

clean:
	rm -rf .venv .venv-* build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Write constraints.txt anew: the newest versions that fit pyproject.toml.
constraints:
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/python $(PIP) install --upgrade 'pip>=25.1'
	.venv-constraints/bin/python $(PIP) install '.[all]' --group test --group check
	sed -n '/^#/p' constraints.txt > constraints.new
	.venv-constraints/bin/python -m pip list --format=freeze --exclude pip --exclude venuetree \
		>> constraints.new
	mv constraints.new constraints.txt
	rm -rf .venv-constraints

# ---- environments: a file in each says how far it has come

# Other versions: begin with an empty environment, so that nothing old stays in it.
$(VENV)/made: constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo 'venuetree needs Python 3.11 or newer with venv; or: make PYTHON=/path/to/python' >&2; \
		exit 1; fi
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python $(PIP) install --upgrade 'pip>=25.1'
	@touch $@

# A strict editable install links each module by itself, in build/: one that is added or removed
# must be linked anew. The list's time changes only when the list does, or when the links are gone.
$(VENV)/modules: $(VENV)/made FORCE
	@test -d build || rm -f $@
	@find $(PACKAGES) -name '*.py' | LC_ALL=C sort > $@.now
	@if cmp -s $@.now $@; then rm $@.now; else mv $@.now $@; fi

$(VENV)/installed: $(VENV)/modules pyproject.toml
	rm -rf build
	$(BIN)/python $(PIP) install --constraint constraints.txt \
		--config-settings editable_mode=strict --editable '.[all]'
	@touch $@

$(VENV)/tools: $(VENV)/installed benchmarks/requirements-reference.txt
	$(BIN)/python $(PIP) install --constraint constraints.txt --group test --group check \
		--requirement benchmarks/requirements-reference.txt
	@touch $@

# What is compiled of the tests, once: else each process of the suite does it, at the same time.
$(VENV)/compiled: $(VENV)/tools
	-@$(BIN)/python -m pytest --collect-only --quiet --no-cov tests/protocol >/dev/null & \
		$(BIN)/python -m pytest --collect-only --quiet --no-cov >/dev/null; wait
	@touch $@

# Coinbase's own client wants an older websockets: the exchanges' clients live, and are run, apart.
$(SDK)/installed: requirements-sdk.txt
	$(PYTHON) -m venv --clear $(SDK)
	$(SDK)/bin/python $(PIP) install --requirement requirements-sdk.txt
	@touch $@

FORCE:
