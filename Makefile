PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-all unit lint format record pictures eval record-eval bench docs

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: ## make .venv with everything in it; a second call does nothing
	@command -v $(PYTHON) >/dev/null || { echo "setup: $(PYTHON) is not there: install Python 3.11 or newer, or name it: make setup PYTHON=python3.11" >&2; exit 5; }
	@$(PYTHON) scripts/check_python.py && $(PYTHON) scripts/setup.py

demo: setup ## heal a broken lakehouse on the built-in sandbox, from start to report
	@$(BIN)/python scripts/demo.py

serve: setup ## a first look in Prefect's UI: server, sandbox and deployments, until Ctrl-C
	@$(BIN)/python -m deployments.serve

unit: setup ## the fast tests: no network, no engines
	@$(BIN)/pytest tests/unit -n 2 -q

test: setup ## all tests, the real engines included (what CI runs)
	@$(BIN)/pytest tests/unit -n 2 -q
	@$(BIN)/pytest tests/contract tests/flows -n 2 --dist loadfile -q
	@$(BIN)/pytest tests/sandbox -q

test-all: test pictures ## all tests, and Prefect's UI in a browser

pictures: setup ## test Prefect's UI in a browser and take the pictures of the docs
	@test -x "$${BUNDLEOPS_CHROMIUM:-/usr/bin/chromium}" || { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || { echo "pictures: Chromium is not there and could not be installed: install it, or name one in BUNDLEOPS_CHROMIUM" >&2; exit 5; }
	@BUNDLEOPS_SCREENSHOTS=docs/images $(BIN)/pytest tests/ui -q

lint: setup ## ruff, mypy, the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

eval: setup ## diagnose published error messages and print how often the answer is right
	@$(BIN)/python scripts/evaluate.py

record-eval: setup ## the same, and put what it prints into docs/evaluation.md
	@$(BIN)/python scripts/evaluate.py --record >/dev/null

docs: setup ## write the generated pages of the docs
	@$(BIN)/python scripts/generate_docs.py

bench: setup ## measure waiting and overhead, as ratios (about 12 minutes); BENCH=NAME measures one thing
	@$(BIN)/python -m tests.bench $(BENCH)

record: setup ## run the demo and put what it prints into the README
	@$(BIN)/python scripts/record_demo.py

format: setup ## let ruff format the code
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .
