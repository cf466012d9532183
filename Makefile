# Every target sets up what it needs first; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What `make setup` installs: web (no torch), worker (with torch) or dev (with the test tools).
EXTRA ?= dev
PYTHON := .venv/bin/python
MIRADA := .venv/bin/mirada
DIST := static/dist/manifest.json
SOURCES := $(shell find static -path static/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help setup demo test faults check bench serve worker migrate assets screenshots stop lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Install what is missing: system packages, .venv, node_modules (EXTRA=web|worker|dev)
	@.ci/setup $(EXTRA)

demo: EXTRA = worker
demo: setup assets ## Draw a city, train on it, score it, and serve its map on localhost:8000 (PHOTOS=3000)
	@$(MIRADA) demo up $(if $(PHOTOS),--places $(PHOTOS))

serve: EXTRA = web
serve: setup assets ## Serve the map (starts the private database unless MIRADA_DATABASE_URL is set)
	@$(MIRADA) serve

worker: EXTRA = worker
worker: setup ## Score queued photos until stopped
	@$(MIRADA) worker

migrate: EXTRA = web
migrate: setup ## Bring the database's tables up to date
	@$(MIRADA) migrate

stop: ## Stop what `make demo` left running, and the private database
	@if [[ -x $(MIRADA) ]]; then $(MIRADA) stop; fi

check: setup ## Lint, types, import contracts, JavaScript tests, migrations against tables
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	npm run --silent check
	npm run --silent test
	$(PYTHON) -m pytest -q -n 0 tests/test_readiness.py -k tables_and_migrations_agree

test: setup assets ## Run all tests, in two processes, browser included
	@$(PYTHON) -m pytest -n 2 --dist loadgroup

faults: setup ## Kill workers, database, web and client during a batch, often (PHOTOS=1000, SEED=)
	@$(PYTHON) -m tests.faults $(if $(PHOTOS),--photos $(PHOTOS)) $(if $(SEED),--seed $(SEED))

bench: setup assets ## Measure publishing, tiles, scoring, uploads and the pages in a browser (PHOTOS=100000)
	@$(PYTHON) -m tests.benchmarks $(if $(PHOTOS),--photos $(PHOTOS))
	@$(PYTHON) -m tests.benchmarks.model
	@$(PYTHON) -m tests.benchmarks.training
	@$(PYTHON) -m tests.benchmarks.coverage
	@$(PYTHON) -m tests.benchmarks.uploads
	@$(PYTHON) -m tests.benchmarks.scoring_jobs
	@$(PYTHON) -m tests.benchmarks.workers
	@$(PYTHON) -m tests.benchmarks.rescoring
	@$(PYTHON) -m tests.benchmarks.tiles
	@$(PYTHON) -m tests.benchmarks.outlines
	@$(PYTHON) -m tests.benchmarks.viewers
	@$(PYTHON) -m tests.benchmarks.browser
	@$(PYTHON) -m tests.benchmarks.lighthouse

screenshots: setup assets ## Photograph the pages' states in three sizes and two languages, into screenshots/
	@$(PYTHON) -m tests.screenshots screenshots

assets: $(DIST) ## Bundle the pages' scripts and styles into static/dist

$(DIST): package-lock.json tsconfig.json $(SOURCES) | setup
	@npm run --silent build
	@touch $@

lock: ## Pin the Python packages of pyproject.toml (UPGRADE=1: to their newest versions)
	@python3 -m venv --clear .mirada/lock && .mirada/lock/bin/pip install -q uv
	@compile() { .mirada/lock/bin/uv pip compile -q --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command "make lock" \
		$(if $(UPGRADE),--upgrade) pyproject.toml --extra build "$$@"; }; \
	compile -o requirements-web.lock; \
	compile --extra worker -o requirements-worker.lock; \
	compile --extra worker --extra dev -o requirements-dev.lock
	@rm -rf .mirada/lock

clean: ## Delete bundles and caches (keeps .venv, node_modules and the data in .mirada)
	@rm -rf static/dist screenshots .mypy_cache .pytest_cache .ruff_cache .import_linter_cache \
		.hypothesis *.egg-info
	@find . -name __pycache__ -not -path './.venv/*' -not -path './node_modules/*' -prune \
		-exec rm -rf {} +
