# Convenience only: every target is one line that works without make.
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install fmt check test golden order e2e e2e-langfuse anomaly bench run image image-steps

help: ## show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  \1\t/' | expand -t 16

install: ## create .venv with the program and its test tools
	scripts/test --version

fmt: ## format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

check: ## format, lint, types and import contracts: what must hold before a commit, beside the tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: ## all tests
	scripts/test -q

golden: ## recorded traffic only
	scripts/test -q tests/translator/test_golden.py

order: ## every capture split and ordered at random, with restarts
	ORDER=all scripts/test -q tests/storage/test_order.py

e2e: ## the real program with real SDK exporters
	scripts/test -q tests/e2e

e2e-langfuse: ## Langfuse's own SDKs, installed into .langfuse-sdks
	LANGFUSE_SDKS="$${LANGFUSE_SDKS:-.langfuse-sdks}" scripts/test -q tests/e2e/test_langfuse_sdks.py

anomaly: ## kill -9, SIGTERM, taken ports and files
	scripts/test -q tests/anomaly

bench: ## figures for docs/performance.md
	for file in bench/*.py; do echo "$$file"; $(BIN)/python "$$file" || exit 1; done

run: ## start the server
	scripts/serve

image: ## build the container image (needs docker)
	docker build --tag tracepond:dev .

image-steps: ## run the steps of the Dockerfile one by one in a fresh folder, without docker
	$(BIN)/python scripts/image_steps.py
