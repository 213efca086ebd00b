# `make run` and `make test` are all that a user needs; `make help` lists the rest.
# They need Python 3.11+ and git. Everything is installed in .venv*/ in this folder; nothing else is changed
# (except that `make test` installs a Chromium for the browser tests where it finds none).

PORT ?= 8501
# Processes that run tests side by side, and anything else for pytest: make unit PYTEST_ARGS="-k moons".
PYTEST_WORKERS ?= auto
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# Stamp files: newer than the requirements that were installed last. Remove .venv to start afresh.
INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test

# Tests marked slow are left out of `make test`, and are all of `make test-slow`.
SPEED ?= not slow
PYTEST := -m pytest $(PYTEST_ARGS)
IN_PARALLEL := -n $(PYTEST_WORKERS) --maxprocesses 4 --dist loadfile

.PHONY: help run port-free test test-slow lint format unit browser unit-newer lock bench first-results gallery audit clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The environments are built one after the other, and the checks stop at the first that fails.
.NOTPARALLEL:

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 22

run: port-free $(INSTALLED) ## start the app on http://localhost:8501 (make run PORT=8600: elsewhere)
	@exec $(BIN)/streamlit run app.py --server.port "$(PORT)" --browser.serverAddress localhost

port-free:
	@python=$$(scripts/find-python) && scripts/check-port "$$python" "$(PORT)"

test: lint unit browser unit-newer ## every check, and the tests, but those that take longest

test-slow: ## the tests that take longest: everything has been checked once this and `make test` have passed
	@$(MAKE) --no-print-directory SPEED=slow unit browser unit-newer

lint: $(INSTALLED_TEST) ## ruff (lint and format), the type checker, shellcheck where it is installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@if command -v shellcheck >/dev/null; then shellcheck $$(grep -lE '^#!/(bin/sh|usr/bin/env bash)' scripts/* .ci/run); fi
	@$(BIN)/mypy

format: $(INSTALLED_TEST) ## let ruff format and mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

unit: $(INSTALLED_TEST) ## all tests but those in the browser, on the machine's python3
	@$(BIN)/python $(PYTEST) $(IN_PARALLEL) -m "not browser and $(SPEED)"

# One at a time: each starts the app, its worker and a browser.
browser: $(INSTALLED_TEST) ## the tests in a real Chromium, which is installed if there is none
	@CHROMIUM=$$(scripts/find-chromium $(BIN)/python) && export CHROMIUM && \
		$(BIN)/python $(PYTEST) -m "browser and $(SPEED)" tests/browser

# The app's hosts and most users have a newer Python than the oldest that we support, and with it another PyMC.
unit-newer: ## the library's tests once more, on Python 3.12 or 3.13 where there is one
	@newer=$$(scripts/find-python newer); case $$? in \
	0) scripts/make-venv .venv-next "$$newer" requirements.txt requirements-test.txt && \
		echo "The library's tests on $$(.venv-next/bin/python --version):" && \
		.venv-next/bin/python $(PYTEST) $(IN_PARALLEL) -m "$(SPEED)" -p no:cacheprovider --ignore tests/pages --ignore tests/server --ignore tests/browser ;; \
	3) echo "No newer Python (3.12, 3.13) was found: the library's tests ran on $$($(BIN)/python --version) only." ;; \
	*) exit 1 ;; \
	esac

lock: ## compile requirements*.txt from requirements*.in
	@scripts/lock

bench: $(INSTALLED) ## speed against peers, printed as a table
	@scripts/make-venv $(VENV) $(BIN)/python requirements-bench.txt
	@$(BIN)/python -m benchmarks

first-results: $(INSTALLED) ## compute what the pages show first, which comes with the app
	@$(BIN)/python -m bnn_lib.dashboard.first_results

gallery: $(INSTALLED_TEST) ## the README's pictures of the pages, as the browser tests take them
	@CHROMIUM=$$(scripts/find-chromium $(BIN)/python) BNN_SHOTS=build/shots \
		$(BIN)/python -m pytest -m browser tests/browser/test_accessibility.py
	@$(BIN)/python -m tests.browser.gallery build/shots

audit: $(INSTALLED) ## known holes in the locked versions, as the package index's advisories have them
	@$(BIN)/python -m venv .venv-audit
	@.venv-audit/bin/python -m pip install --quiet pip-audit
	@.venv-audit/bin/pip-audit --requirement requirements.txt --no-deps --disable-pip

clean: ## remove the virtual environments and the tools' caches
	rm -rf .venv .venv-next .venv-lock .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): requirements.txt
	@python=$$(scripts/find-python) && scripts/make-venv $(VENV) "$$python" requirements.txt
	@touch $@

$(INSTALLED_TEST): requirements.txt requirements-test.txt
	@python=$$(scripts/find-python) && scripts/make-venv $(VENV) "$$python" requirements.txt requirements-test.txt
	@touch $(INSTALLED) $@
