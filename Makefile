# make run    start everything; Ctrl-C stops it
# make test   all tests
# make check  what .ci/run checks before the tests
# make bench  measure the engine (bench-full: a million contacts, takes a quarter of an hour)
# make examples  record the examples of the OpenAPI document anew
# make fuzz   ten thousand requests made of the OpenAPI document
# The rest: setup (what the others do first), requirements (after a change in pyproject.toml).

PYTHON ?= $(or $(shell command -v python3.11 || command -v python3),python3.11)
VENV := .venv
BIN := $(VENV)/bin
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make requirements"

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The browser tests use the system's Chromium.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

.PHONY: run setup test check examples fuzz bench bench-full requirements
.DELETE_ON_ERROR:

run: $(VENV)/.run
	@exec $(BIN)/python manage.py up

setup: $(VENV)/.run $(VENV)/.dev

test: setup
	@exec $(BIN)/python -m pytest $(ARGS)

check: setup
	@exec .ci/check

examples: setup
	@RECORD_EXAMPLES=1 exec $(BIN)/python -m pytest tests/test_api_examples.py

fuzz: setup
	@GENERATED_REQUESTS=10000 exec $(BIN)/python -m pytest tests/test_api_generated.py

bench: $(VENV)/.run
	@exec $(BIN)/python manage.py bench

bench-full: $(VENV)/.run
	@exec $(BIN)/python manage.py bench_large --write

requirements: setup
	@$(BIN)/python -m pip install --quiet uv==0.13.9
	@$(COMPILE) -o requirements.txt pyproject.toml
	@$(COMPILE) -o requirements-dev.txt -c requirements.txt --group dev

# pip is the last thing that comes into a virtual environment, so it is whole when pip is there.
$(BIN)/pip:
	$(if $(shell $(PYTHON) -c 'import sys; print(sys.version_info[:2] == (3, 11) or "")' 2>/dev/null),,\
		$(error Cohort needs Python 3.11. Install it, or name it: make PYTHON=/path/to/python3.11))
	$(if $(shell test -w . && echo yes),,$(error Cannot write the folder $(CURDIR): it needs room for $(VENV)))
	$(if $(shell $(PYTHON) -c 'import ensurepip, venv; print(1)' 2>/dev/null),,\
		$(error This Python lacks the module venv; on Debian: apt install python3.11-venv))
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.run: requirements.txt | $(BIN)/pip
	@echo "Installing the packages of requirements.txt into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "Installing the packages of requirements-dev.txt into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
