# Berth's front door: `make help` lists what there is. Python 3.11+, make and git are all that it needs.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

new_enough := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$each" -c '$(new_enough)' 2>/dev/null && echo "$$each" && break; done)

# .venv holds Berth and what it needs, .venv-test what only developers need as well, .venv-bench the measured peer,
# .venv-keystone an identity service to ask, .venv-build what builds a wheel.
run := .venv/.made
test := .venv-test/.made
peer := .venv-bench/.made
keystone := .venv-keystone/.made
build := .venv-build/.made
bin := .venv-test/bin

# Where it is set, every process that a test starts would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# Tests start the Berth of .venv, where nothing is that Berth does not ask for itself.
export BERTH_COMMAND := '$(CURDIR)/.venv/bin/berth'

# DATABASE=sqlite, postgresql or mariadb: the one that tests run on. Unless given, all three.
ifdef DATABASE
export BERTH_TEST_DATABASE := $(DATABASE)
endif

# Our code; then our pins against the advisories at hand, whose date is printed. What is known and accepted has its reason
# in the code, or in the baseline.
review_code := src/berth --only code --fail-on low --cache .review_cache
review_pins := requirements --only deps --fail-on low --baseline requirements/accepted.json

.PHONY: help setup wheel demo test test-all check conformance bench torture pictures format lock clean

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: $(run) ## make .venv, with Berth installed and nothing else
	@true

wheel: $(build) ## build dist/berth_ledger-*.whl, to install Berth from: docs/operations.md says how
	@rm -f dist/berth_ledger-*.whl
	@.venv-build/bin/python -m hatchling build --target wheel --directory dist

demo: setup ## discover this machine, claim a part of it, and serve (ONCE=1: end after the claim; PORT=9000)
	@.venv/bin/berth demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

test: setup check $(keystone) ## run every check and every test (PYTEST="...": words for pytest; DATABASE=postgresql)
	@$(bin)/python -m tests.run $(PYTEST)

test-all: setup check $(keystone) ## the long form, for a night: everything on every database, fresh seeds, full trials
	@$(bin)/python -m tests.run --long $(PYTEST)

check: $(test) ## lint, formatting, types, architecture, security review of our code and pins
	@failed=; \
	$(bin)/ruff check --quiet . || failed+=" ruff-check"; \
	$(bin)/ruff format --quiet --check . || failed+=" ruff-format"; \
	$(bin)/mypy || failed+=" mypy"; \
	$(bin)/lint-imports --no-logo || failed+=" lint-imports"; \
	report=$$($(bin)/berth review $(review_code)) || { failed+=" berth-review-code"; echo "$$report"; }; \
	report=$$($(bin)/berth review $(review_pins)) || { failed+=" berth-review-pins"; echo "$$report"; }; \
	sed -n 's/^  advisories *//p' <<<"$$report"; \
	[ -z "$$failed" ] || { echo "make check:$$failed"; exit 1; }

conformance: setup $(test) ## Placement's own 1,316 tests and its client (PEER=1: against the real Placement)
	@$(if $(PEER),CONFORMANCE_SERVER=peer )$(bin)/python -m pytest tests/suites/conformance $(PYTEST)

bench: setup $(peer) ## measure Berth and Placement side by side (BENCH="--quick": words for python -m bench)
	@.venv/bin/python -m bench $(BENCH)

torture: setup $(test) ## kill, cut off and interleave writers for long (TORTURE="--help": words for it)
	@$(bin)/python -m tests.suites.torture $(TORTURE)

pictures: $(test) ## take the pictures in the documents from the running dashboard (needs chromium)
	@$(bin)/python -m tests.support.pictures

format: $(test) ## put imports and layout in order
	@$(bin)/ruff check --quiet --fix-only --select I .
	@$(bin)/ruff format .

# uv resolves for every Python and platform at once. It is needed for nothing else.
compile := uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --generate-hashes

lock: ## pin the newest versions that pyproject.toml allows, with their hashes (needs uv)
	@$(compile) --upgrade requirements/build.in -o requirements/build.txt
	@$(compile) --upgrade pyproject.toml --group check --group test -o requirements/test.txt
	@$(compile) --upgrade pyproject.toml -c requirements/test.txt -o requirements/run.txt
	@$(compile) pyproject.toml --extra otel -c requirements/test.txt -o requirements/otel.txt
	@$(compile) --upgrade requirements/peer.in -o requirements/peer.txt
	@$(compile) --upgrade requirements/keystone.in -o requirements/keystone.txt

clean: ## remove the environments and all caches
	@rm -rf .venv .venv-test .venv-bench .venv-keystone .venv-build build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .review_cache

$(run): requirements/run.txt pyproject.toml
	@.ci/environment '$(PYTHON)' .venv $< --editable .
	@touch $@

$(test): requirements/test.txt pyproject.toml
	@.ci/environment '$(PYTHON)' .venv-test $< --editable .
	@touch $@

$(peer): requirements/peer.txt
	@.ci/environment '$(PYTHON)' .venv-bench $<
	@touch $@

$(build): requirements/build.txt
	@.ci/environment '$(PYTHON)' .venv-build $<
	@touch $@

# Where Keystone cannot be had its tests are skipped, but in CI they fail.
$(keystone): requirements/keystone.txt
	@if .ci/environment '$(PYTHON)' .venv-keystone $<; then touch $@; else rm -rf .venv-keystone; \
		echo "make: Keystone cannot be installed here: its tests are skipped (in CI they fail)" >&2; [ "$${CI-}" != true ]; fi
