# Commands on a fresh machine with Python 3.11: make demo, make test, make docs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# Environments beside it, so that what they lack is not there by accident.
BASE := .venv-base
BARE := .venv-wheel
BASE_TESTS := tests/features tests/metrics/test_alpha.py $(addprefix tests/test_,installation.py png.py files.py)
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
# One process of the tests more than processors: some always wait for a browser, a database or a program that they started.
# Libraries that start a thread a processor only get in the way.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1

TESTS = $(ONE_THREAD) $(BIN)/python -m pytest -n $$(( $(WORKERS) + 1 )) --dist loadfile --no-loadscope-reorder

SHELL := bash
.SHELLFLAGS := -o pipefail -ec
# Of pip's output: the packages that take a while, and that it is unpacking them.
INSTALLED := awk '/Downloading .*[0-9][0-9.]* [MG]B/ {n = split($$2, part, "/"); print "   " part[n], $$3 $$4; fflush()} \
	/^Installing collected/ {print "   unpacking " NF - 3 " packages"; fflush()}'

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-base lint docs wheel demo-wheel clean

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */: /'

demo: $(VENV)/base  ## build a set, predict, score, write demo/leaderboard/index.html
	$(BIN)/simd demo --out demo --workers $(WORKERS)

test: $(VENV)/all lint  ## check everything, and run the tests that are done in ten seconds each
	$(TESTS) -m "not slow"

test-all: $(VENV)/all lint  ## check everything, and run all tests
	$(TESTS)

test-base: $(BASE)/ready  ## without any extra: the core, features, metrics, and the demo
	$(ONE_THREAD) $(BASE)/bin/python -m pytest -n $(WORKERS) --dist loadfile $(BASE_TESTS)
	cd $(BASE) && bin/simd demo --workers $(WORKERS)

lint: $(VENV)/all  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/docs  ## build the site, build/site/index.html, which needs no network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

wheel: $(VENV)/all  ## build the wheel and the sdist in dist/, and check what a package index would show
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

demo-wheel:  ## install the wheel of dist/ into an empty environment, and run the demo there
	$(PYTHON) -m venv --clear $(BARE)
	$(BARE)/bin/pip install --disable-pip-version-check --progress-bar off dist/*.whl | $(INSTALLED)
	cd $(BARE) && bin/simd demo --workers $(WORKERS)

clean:  ## remove what the commands above have made
	rm -rf $(VENV) $(BASE) $(BARE) demo build dist

# --- set-up: each step leaves a file, so that it runs once ---------------------------------------------

$(BIN)/python:
	@echo "== making $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/base: pyproject.toml constraints.txt | $(BIN)/python
	@echo "== installing simd (base) with the pinned versions"
	@$(BIN)/pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e . | $(INSTALLED)
	@$(MAKE) --no-print-directory warm
	@touch $@

$(VENV)/all: pyproject.toml constraints.txt | $(BIN)/python
	@echo "== installing simd with every extra and the tools, some minutes"
	@$(BIN)/pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e ".[all,dev]" | $(INSTALLED)
	@$(MAKE) --no-print-directory warm
	@touch $@ $(VENV)/base

$(VENV)/docs: pyproject.toml constraints.txt | $(VENV)/base
	@echo "== installing what builds the site"
	@$(BIN)/pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e ".[docs]" | $(INSTALLED)
	@touch $@

$(BASE)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear $(BASE)
	@$(BASE)/bin/pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e . \
		hypothesis pytest pytest-timeout pytest-xdist pyyaml | $(INSTALLED)
	@touch $@

.PHONY: warm
warm:
	@echo "== compiling the numerical kernels, once"
	$(BIN)/python -m simd.warm
