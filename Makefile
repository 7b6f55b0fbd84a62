# `make demo` and `make test` need Python 3.11 or newer, make and git; the rest they get themselves.

PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo test lint format golden bench soak single-file servers clean

help:
	@echo 'make demo    render the examples for Argo CD and for Flux into build/demo'
	@echo 'make test    get the real servers (the first time: builds), lint, run all tests on each Python that is here'
	@echo 'make lint    ruff, mypy, import-linter'
	@echo 'make golden  rewrite what the examples are expected to render to'
	@echo 'make bench   measure, side by side with kustomize, argocd-vault-plugin, plain requests to Vault, Vault Secrets Operator'
	@echo 'make soak    ten thousand hostile objects, then an hour of chaos around the reconciler (KEYWAVE_CHAOS_SECONDS, KEYWAVE_CHAOS_SEED)'
	@echo 'make single-file  build/keywave-reconciler.pyz, which any Python 3.11 or newer runs'
	@echo 'make servers get the real servers only'
	@echo 'make venv    .venv with everything for development'
	@echo 'make clean   delete what was made here (the built servers in the cache stay)'

# A virtual environment whose Python is gone (an upgrade, another machine) is made anew.
define MAKE_VENV
	@if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then \
		python=$$(sh tools/find-python.sh | head -n 1); \
		if [ -z "$$python" ]; then echo 'no Python 3.11 or newer that can make a virtual environment runs here' >&2; exit 1; fi; \
		echo "making .venv with $$python"; \
		rm -rf .venv && "$$python" -m venv .venv; \
	fi
endef

# What `keywave` itself needs.
.venv/.runtime: setup.cfg pyproject.toml
	$(MAKE_VENV)
	@$(PIP) --editable .
	@touch $@

# What its tests and linters need, too.
.venv/.dev: setup.cfg pyproject.toml
	$(MAKE_VENV)
	@echo 'installing what the tests need into .venv'
	@$(PIP) --editable '.[dev]'
	@touch .venv/.runtime $@

venv: .venv/.dev

demo: .venv/.runtime
	@$(PYTHON) tools/demo.py

servers: .venv/.dev
	@$(PYTHON) tools/servers.py get --for test

# For a contributor a server that cannot be had is a skip, which says so; in CI it is a failure.
# The other Pythons come first, so that the last line is pytest's own.
test: .venv/.dev
	@$(PYTHON) tools/servers.py get --for test || [ "$$CI" != true ]
	@$(MAKE) --no-print-directory lint
	@$(PYTHON) tools/other_pythons.py
	@$(PYTHON) -m pytest -n $${KEYWAVE_TESTS_AT_ONCE:-3} --dist loadfile --no-loadscope-reorder

lint: .venv/.dev
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check --quiet .
	@$(PYTHON) -m mypy
	@MYPYPATH=tests:tools $(PYTHON) -m mypy --package rig --package toolchain
	@MYPYPATH=tools $(PYTHON) -m mypy tools/servers.py tools/demo.py tools/other_pythons.py tools/pin_module.py tools/pin_image.py tools/single_file.py
	@.venv/bin/lint-imports

format: .venv/.dev
	@$(PYTHON) -m ruff check --fix-only --quiet .
	@$(PYTHON) -m ruff format .

golden: .venv/.dev
	@KEYWAVE_UPDATE_GOLDEN=1 $(PYTHON) -m pytest tests/golden

bench: .venv/.dev
	@$(PYTHON) tools/servers.py get --for bench
	@# Installed as people install it: the finder of an editable install alone costs 30 ms a start.
	@rm -rf .venv-bench build/lib && $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip --disable-pip-version-check install --quiet .
	@KEYWAVE_BENCH=.venv-bench/bin/keywave $(PYTHON) -m benchmarks.render --write
	@$(PYTHON) -m benchmarks.verify --write
	@$(PYTHON) -m benchmarks.vault_doors --write
	@$(PYTHON) -m benchmarks.kube_clients --write
	@$(PYTHON) -m benchmarks.reconciler --write

single-file: .venv/.dev
	@$(PYTHON) tools/single_file.py build/keywave-reconciler.pyz

soak: .venv/.dev
	@$(PYTHON) tools/servers.py get --for test
	@$(PYTHON) -m pytest -s tests/integration/test_reconciler_hostile.py
	@KEYWAVE_CHAOS_SECONDS=$${KEYWAVE_CHAOS_SECONDS:-3600} $(PYTHON) -m pytest -s --timeout=0 tests/integration/test_reconciler_chaos.py

clean:
	rm -rf .venv .venv-* build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis plugin/*.egg-info
