# Convenience only: every target is one line that works without make.
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install fmt check test golden order fuzz e2e e2e-langfuse e2e-sdks anomaly bench bench-peers run image image-steps

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

fuzz: ## damaged requests, connections and questions, new ones each time, for minutes; prints the seed of what fails
	FUZZ=200000 scripts/test -q tests/receiver/test_wire.py -k damaged
	FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} FUZZ_TIMES=$${FUZZ_TIMES:-30} scripts/test -q tests/fuzz

e2e: ## the real program with real SDK exporters
	scripts/test -q tests/e2e

e2e-langfuse: ## Langfuse's own SDKs, installed into .langfuse-sdks
	LANGFUSE_SDKS="$${LANGFUSE_SDKS:-.langfuse-sdks}" scripts/test -q tests/e2e/test_langfuse_sdks.py tests/e2e/test_langfuse_openai.py

e2e-sdks: ## OpenTelemetry SDKs of several versions and languages, installed into .exporter-sdks (needs npm)
	EXPORTER_SDKS="$${EXPORTER_SDKS:-.exporter-sdks}" scripts/test -q tests/e2e/test_exporters_of_versions.py

anomaly: ## faults: 50 kills, failing and full disks, wrong clocks, damaged files (as root on Linux, with cc; minutes)
	ANOMALY=all scripts/test -q -s tests/anomaly

bench: ## the budgets of docs/performance.md, measured: a quarter of an hour
	$(BIN)/python -m bench

bench-peers: ## the same load against Phoenix and MLflow, in environments of their own
	$(BIN)/python -m bench.peers

run: ## start the server
	scripts/serve

image: ## build the container image (needs docker)
	docker build --tag tracepond:dev .

image-steps: ## run the steps of the Dockerfile one by one in a fresh folder, without docker
	$(BIN)/python scripts/image_steps.py
