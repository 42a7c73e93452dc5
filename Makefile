# What a person types. Two commands need nothing else first: `make sandbox` and `make test`.
# The environment (.venv) is made from uv.lock by uv; where there is no uv, one is put into .uv for this folder alone.
# Python itself is never downloaded: 3.11 or newer must be there.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
export UV_PYTHON_DOWNLOADS := never

UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
PYTHON := .venv/bin/python
READY := .venv/.ready
BROWSER_READY := .venv/.browser_ready
PORT ?= 8110
CONFIG ?= config.toml
ARGS ?=
# Tests wait more than they compute. All of them on two cores: 5.5 minutes with one process, 3.5 with two, 2.9 with three.
# For a debugger there must be one: ARGS="-n 0 --pdb".
PROCESSES ?= 3
SIDE_BY_SIDE := --numprocesses $(PROCESSES) --dist worksteal

.PHONY: help sandbox run check-setup test test-postgresql test-wordpress test-browser test-crash soak bench check lint fmt catalogs picture clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

sandbox: $(READY) ## the whole story in a browser, with no token and no network (PORT=8110)
	$(PYTHON) main.py sandbox --port $(PORT)

run: $(READY) ## the bot itself (CONFIG=config.toml)
	$(PYTHON) main.py --config $(CONFIG) run

check-setup: $(READY) ## is everything right for the bot to run? (CONFIG=config.toml)
	$(PYTHON) main.py --config $(CONFIG) check

test: $(READY) ## all tests but the slow suites (ARGS="-k quote -x")
	$(PYTHON) -m pytest $(SIDE_BY_SIDE) $(ARGS)

test-postgresql: $(READY) ## the stories once more, on PostgreSQL
	$(PYTHON) -m pytest tests/flows --database postgresql $(SIDE_BY_SIDE) $(ARGS)

test-wordpress: $(READY) ## against a real WordPress; installs Debian's packages for it when run as root
	tests/wordpress/packages.sh build/wordpress
	$(PYTHON) -m pytest tests/wordpress $(ARGS)

test-browser: $(BROWSER_READY) ## the chat page in Debian's Chromium
	$(PYTHON) -m pytest tests/browser $(ARGS)

test-crash: $(READY) ## a real process, killed again and again
	$(PYTHON) -m pytest tests/crash $(ARGS)

soak: $(READY) ## the same for long, with crowds of thousands (DAUYS_TEST_SEED=… repeats a run, DAUYS_TEST_RATE=25 slows it)
	DAUYS_SOAK=1 $(PYTHON) -m pytest tests/crash $(ARGS)

bench: $(READY) ## how fast, beside what one would use instead; half an hour (ARGS="sending --rounds 3")
	$(UV) run --locked --inexact --quiet --with 'aiogram>=3.31,<4' --with 'aiolimiter>=1.2,<2' python -m bench $(ARGS)

check: lint test ## what a change must pass: lint, types, directions, catalogs, tests

lint: $(BROWSER_READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	.venv/bin/lint-imports
	$(PYTHON) -m locales.catalogs check

fmt: $(READY) ## put the code into the one form
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

catalogs: $(READY) ## bring locales/ up to date with the sentences in the code
	$(PYTHON) -m locales.catalogs update

picture: $(BROWSER_READY) ## take the README's picture of the sandbox anew
	$(PYTHON) -m tests.browser.picture docs/sandbox.png

clean: ## remove what was built or installed here; data/ and config.toml stay
	rm -rf .venv .uv build test-results .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --locked: a pyproject.toml that uv.lock does not know is an error, not a silent new resolution.
# --inexact: the browser group, once there, is not taken away again by the next `make test`.
$(READY): pyproject.toml uv.lock | $(filter .uv/bin/uv,$(UV))
	$(UV) sync --locked --inexact --quiet
	@touch $@

# mypy reads the browser tests, too, so `lint` needs this group as well.
$(BROWSER_READY): $(READY)
	$(UV) sync --locked --group browser --quiet
	@touch $@

.uv/bin/uv:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; python3 here is $$(python3 --version 2>&1)" >&2; exit 1; }
	@# Debian's python3 comes without pip and cannot put one into an environment; then pip comes from PyPI, too.
	@python3 -m venv .uv >/dev/null 2>&1 || { rm -rf .uv && python3 -m venv --without-pip .uv; }
	@.uv/bin/python -m pip --version >/dev/null 2>&1 || .uv/bin/python .ci/fetch_pip.py .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<1'
