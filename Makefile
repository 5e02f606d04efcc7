# Development tasks. PYTHON is the interpreter of an environment with: pip install -e ".[all]"
PYTHON ?= python
SOURCES = ocr models data tests scripts

.PHONY: quality format test test-slow api wheel install-check clean

quality:  ## Lint, formatting and types
	$(PYTHON) -m ruff check $(SOURCES)
	$(PYTHON) -m ruff format --check $(SOURCES)
	$(PYTHON) -m mypy

format:  ## Repair what can be repaired
	$(PYTHON) -m ruff check --fix $(SOURCES)
	$(PYTHON) -m ruff format $(SOURCES)

test:  ## The tests of every change
	$(PYTHON) -m pytest

test-slow:  ## The tests that take minutes
	$(PYTHON) -m pytest -m slow

api:  ## Pages of all modules, from their docstrings, into build/api
	$(PYTHON) scripts/build_api_pages.py build/api

wheel:  ## dist/*.whl
	rm -rf build  # setuptools would pack what it left there earlier
	$(PYTHON) -m pip wheel --no-deps --quiet --wheel-dir dist .

install-check:  ## The light install in a fresh environment: no torch, and it reads the example
	PYTHON=$(PYTHON) scripts/check_install.sh

clean:  ## Everything that is built or cached; never runs, models or data
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find ocr models data tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
