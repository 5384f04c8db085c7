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
	@$(BIN)/cattern demo

.PHONY: test
test: $(READY) sandbox ## run the tests (all but the slow ones and the browser's)
	@$(BIN)/python -m pytest -q -m "not slow and not browser"

.PHONY: lab
lab: $(READY) ## open the labs in JupyterLab
	@$(BIN)/jupyter lab --notebook-dir notebooks

.PHONY: setup
setup: $(READY) sandbox ## only the set-up

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
