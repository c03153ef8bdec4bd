# Needs make and one of: Python 3.11, 3.12, 3.13, or uv. Every target sets itself up.
# PYTHON=/path/to/python chooses the interpreter, UV= (empty) does without uv.
.DEFAULT_GOAL := help
.PHONY: help setup study test check bench docs lock clean

STUDY = studies/sol-2025/study.toml
ARGS =

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv/ as the lock says; nothing to do when it is current
	@scripts/setup.sh

study: setup ## Run the study and write its report (STUDY=path/to/study.toml ARGS='--out DIR')
	.venv/bin/basislab study $(STUDY) $(ARGS)

test: setup ## Run the whole test suite (ARGS='-k name')
	.venv/bin/pytest -n 2 $(ARGS)

check: setup ## Lint, format, types, layers, dependencies, lock; changes nothing
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/mypy scripts/setup_env.py
	.venv/bin/lint-imports
	.venv/bin/deptry src
	@if command -v uv >/dev/null 2>&1; then echo scripts/lock.sh --check; scripts/lock.sh --check; \
	else echo 'uv is not installed: the tests alone compare the lock'; fi

bench: setup ## Measure speed
	.venv/bin/python benchmarks/run.py $(ARGS)

docs: ## Build the documentation into docs/_build/html
	@scripts/setup.sh docs
	.venv/bin/sphinx-build -q -E -W --keep-going docs docs/_build/html

lock: ## Write uv.lock and requirements*.txt anew after a change of dependencies (needs uv)
	scripts/lock.sh

clean: ## Remove .venv/ and whatever the tools cached here
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	rm -rf .coverage htmlcov build dist docs/_build
	find src tests scripts docs -type d -name __pycache__ -prune -exec rm -rf {} +
