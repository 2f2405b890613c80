# The commands that people and scripts use; docs/ tells more. Every one sets up what it needs by itself.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/bin/python
# What takes as long as all the rest: boxes and what misbehaves in them.
IN_BOXES := tests/sandboxes tests/grading/test_crashes.py tests/grading/test_crossing.py $(wildcard tests/grading/test_hostile*.py)

.PHONY: help install setup-run setup-test run test test-servers test-sandboxes test-journeys check fix bench lock clean

help: ## these lines
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 12

setup-run:
	@sh deploy/setup.sh run
setup-test:
	@sh deploy/setup.sh test

install: setup-test ## all that `make run` and `make test` need, without starting anything

run: setup-run ## the whole site on this machine: http://127.0.0.1:8000 (PORT=… for another)
	@exec $(PYTHON) -m lms.launcher

test: setup-test ## the platform, on the embedded database
	$(PYTHON) -m pytest -n 2 -m "not journey" $(IN_BOXES:%=--ignore=%)

test-servers: setup-test ## what touches a database, on PostgreSQL and Redis
	$(PYTHON) -m tests.servers $(PYTHON) -m pytest -n 2 --database-only -m "not journey and not embedded_only"

test-sandboxes: setup-test ## the sandbox by itself, notebooks that misbehave or steal points, and grading while its programs are killed
	$(PYTHON) -m pytest -n 2 $(IN_BOXES)

test-journeys: setup-test ## whole sites in a browser, on the embedded default and on PostgreSQL and Redis
	$(PYTHON) -m pytest -n 2 -m journey

check: setup-test ## format, lint, types, import contracts, migrations, translations, templates
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports --no-cache
	.venv/bin/mypy lms courses grading sandboxes
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py check
	$(PYTHON) -m tests.translations
	.venv/bin/djlint templates --lint --quiet

fix: setup-test ## what a machine can mend
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# The peers, as anybody would install them: debugger and compiled bytecode included. Our own interpreter for notebooks.
.venv-bench/.state: requirements-bench.lock .python-version | setup-run
	.tools/bin/uv venv --quiet --clear --python .venv-kernel/bin/python .venv-bench
	.tools/bin/uv pip sync --quiet --compile-bytecode --python .venv-bench --require-hashes requirements-bench.lock
	@touch $@

bench: setup-test .venv-bench/.state ## sandbox and grading beside stock Jupyter and nbgrader, credentials (ROUNDS=5, QUICK=1)
	$(PYTHON) -m bench --rounds $(or $(ROUNDS),5) $(if $(QUICK),--quick)
	$(PYTHON) -m bench.pairs $(if $(QUICK),--pairs 1)
	$(PYTHON) -m bench.credentials $(if $(QUICK),--rounds 1 --times 10,--rounds $(or $(ROUNDS),5))

lock: ## resolves the lock files anew (no addresses in them)
	@for set in dev run kernel bench; do case $$set in \
	  dev) from="pyproject.toml --group dev"; to=requirements-dev.lock;; \
	  run) from="pyproject.toml -c requirements-dev.lock"; to=requirements.lock;; \
	  kernel) from="--group kernel"; to=requirements-kernel.lock;; \
	  bench) from="--no-config --group bench -c requirements-kernel.lock"; to=requirements-bench.lock;; esac; \
	  .tools/bin/uv pip compile $$from -o $$to --quiet --universal --python-version 3.12 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url; done

clean: ## removes what was installed and built here; keeps var/ (the site's data)
	rm -rf .venv .venv-kernel .venv-bench .tools .mypy_cache .ruff_cache .pytest_cache
