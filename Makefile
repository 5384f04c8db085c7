# Each target does its own set-up on a machine that has Python 3.11 or newer and make. `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The first of these that is Python 3.11 or newer; override with `make PYTHON=/path/to/python3 …`.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

.PHONY: demo
demo: $(READY) sandbox ## release lab 1, grade the sample class, print the table, write the feedback
	@$(TIMED); $(BIN)/cattern demo

# Tests run on every core, and say in the end which took longest and how long it all took.
PYTEST := $(BIN)/python -m pytest -q -n auto --dist worksteal --durations=20
BROWSER := $(BIN)/python -m pytest -q -n auto --dist loadfile --durations=5 -m browser
TIMED = start=$$(date +%s); ended() { code=$$?; echo "make $@: $$(($$(date +%s) - start)) s"; exit $$code; }; trap ended EXIT

.PHONY: test
test: $(READY) sandbox ## run the tests (all but the slow ones and the browser's), some minutes
	@$(TIMED); $(PYTEST) -m "not slow and not browser"

.PHONY: test-browser
test-browser: $(READY) sandbox ## JupyterLab, formgrader and pages in a browser, a minute: a module's tests go on where the one before ended
	@$(TIMED); $(BROWSER)

.PHONY: test-all
test-all: $(READY) sandbox ## run every test, and every pair, seed and mutant of which CI takes a sample: hours
	@$(TIMED); CATTERN_SAMPLE=all $(PYTEST) -m "not browser" && $(BROWSER)

.PHONY: bench
bench: $(READY) sandbox ## measure, beside peers, into benchmarks/RESULTS.md (QUICK=1: a minute, written nowhere; LARGE=1: an hour)
	@$(TIMED); $(BIN)/python benchmarks/bench.py $(if $(QUICK),--quick) $(if $(LARGE),--large)

.PHONY: mutants
mutants: $(READY) sandbox ## change the code in small ways and count the changes that no test notices (N=60, AT=path)
	@$(TIMED); $(BIN)/python tests/helpers/code_mutants.py $(or $(N),60) $(AT)

.PHONY: pictures
pictures: $(READY) ## take README's pictures anew, in a browser
	@$(BIN)/python tests/helpers/readme_pictures.py

.PHONY: lab
lab: $(READY) ## open the labs in JupyterLab
	@$(BIN)/jupyter lab --notebook-dir notebooks

.PHONY: setup
setup: ## only the set-up
	@$(TIMED); $(MAKE) --no-print-directory $(READY) sandbox

.PHONY: clean
clean: ## remove what the tools made; the environment stays
	rm -rf build release .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then echo "Cattern needs Python 3.11 or newer: install it, or say where it is: make PYTHON=/path/to/python3 demo" >&2; exit 1; fi
	@echo "Setting up $(VENV) (a few minutes, once) ..."
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# The sandbox is a system package. Without it everything works but grading, which then says how to get it.
.PHONY: sandbox
sandbox:
	@command -v bwrap >/dev/null 2>&1 || sh .ci/install bubblewrap || true
