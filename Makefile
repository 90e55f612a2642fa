# What a change is made with. `make test P=store` runs one package's unit tests, in seconds.

PYTHON ?= .venv/bin/python
P ?=
export PYTHONPATH := src

.PHONY: test lint format bench

test: $(PYTHON)
ifeq ($(P),)
	$(PYTHON) -m pytest -q -n 2 --dist loadfile
else
	$(PYTHON) -m pytest -q -n 0 --hypothesis-profile=quick -m "not thorough" $(wildcard tests/unit/$(subst .,/,$(P)) tests/unit/test_$(P).py)
endif

lint: $(PYTHON)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(dir $(PYTHON))lint-imports

format: $(PYTHON)
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: $(PYTHON)
	$(PYTHON) benchmarks/bench_startup.py
	$(PYTHON) -m pytest -q -s -n 0 benchmarks/bench_audit.py benchmarks/bench_worktree.py
	PYTHONPATH=src:tests $(PYTHON) benchmarks/bench_tree_pool.py --files 300 3000
	PYTHONPATH=src:tests $(PYTHON) benchmarks/bench_conflicts_text.py --files 300 --branches 10 100
	$(PYTHON) benchmarks/bench_symbols.py .

.venv/bin/python:
	python3 -m venv .venv
	.venv/bin/pip install -r installer.lock
	.venv/bin/uv pip install -p .venv --require-hashes -r tests/requirements.lock
	.venv/bin/uv pip install -p .venv --no-deps -e .
