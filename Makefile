# What people type. Each target is a script in scripts/, which says what it does and where its caches are.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The folder of manifests that `make up` serves, and more flags for it: make up ARGS="--listen 127.0.0.1:9000"
PATH_TO_SERVE ?= examples/quickstart
ARGS ?=

.PHONY: help up test check generate bench fuzz audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## build nauthera and serve examples/quickstart
	@scripts/up.sh $(PATH_TO_SERVE) $(ARGS)

test: ## everything: installs what it needs, then checks and tests all of it
	@scripts/test.sh

check: ## the quick part: formatting, lints, house rules, unit tests
	@scripts/check.sh

generate: ## write the generated files (deploy/crds, the chart's copies, deploy/install.yaml, the reference in docs)
	@scripts/generate.sh

bench: ## measure, in a release build
	@scripts/bench.sh $(ARGS)

fuzz: ## search for inputs that break a parser, 60 s for each (make fuzz ARGS="--seconds 600 yaml jwks")
	@scripts/fuzz.sh $(ARGS)

audit: ## licences, known faults and origin of all crates, and a list of those in the binary (ADVISORY_DB=PATH)
	@scripts/audit.sh $(ARGS)

clean: ## remove the build and the packages that the tests installed, all outside the clone
	@scripts/clean.sh
