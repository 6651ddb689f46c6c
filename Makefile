# make demo   a report on the demo contest        make test   all quick tests, notebooks among them
# make check  format, lint, types, import rules   make slow   browser and other slow tests
# make lab    JupyterLab on the notebooks         make data   the demo contests anew
# make notebooks  run and stored anew             make lock   the lock files anew
# make docs   the documentation in build/docs     make clean  removes what make made
# make pythons  check and test on every Python from 3.11 on that is here, each in a .venv of its own

PYTHON ?= python3
VENV ?= .venv
PYTHONS := 3.11 3.12 3.13 3.14
BIN := $(VENV)/bin

.PHONY: demo test check slow pythons docs lab data notebooks lock clean prerequisites

demo: $(VENV)/.run
	@$(BIN)/quickcount demo

test: $(VENV)/.dev
	@echo "running the quick tests, notebooks among them"
	@$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile --nbval --nbval-current-env notebooks tests

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

slow: $(VENV)/.dev
	@$(BIN)/python -m pytest -m slow tests

pythons:
	@for version in $(PYTHONS); do \
	  command -v python$$version >/dev/null || { echo "python$$version is not here"; continue; }; \
	  echo "python$$version"; \
	  $(MAKE) --no-print-directory PYTHON=python$$version VENV=.venv-$$version check test || exit 1; \
	done

docs: $(VENV)/.dev
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs
	@echo "documentation: build/docs/index.html"

lab: $(VENV)/.run
	$(BIN)/jupyter lab notebooks

data: $(VENV)/.run
	$(BIN)/python data/make.py

notebooks: $(VENV)/.run
	$(BIN)/python tools/store_notebooks.py

lock: $(VENV)/.dev
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  pyproject.toml --group build --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  pyproject.toml --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .venv-* demo build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

prerequisites:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is missing. On Debian and Ubuntu: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old, 3.11 is needed. On Debian and Ubuntu: sudo apt-get install python3.11 python3.11-venv, then: make PYTHON=python3.11 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/.run: requirements.lock pyproject.toml | prerequisites
	@test -x $(BIN)/python || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing what requirements.lock pins (about two minutes the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "installing what requirements-dev.lock pins"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r requirements-dev.lock
	@touch $@
