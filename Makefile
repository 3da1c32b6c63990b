# Verbs of this repository. Each does its own set-up; `.ci/setup` says what is missing, INSTALL=1 installs it.

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint smoke browser pictures fuzz golden bench

# A toolchain that was installed a moment ago is not on PATH yet.
export PATH := $(HOME)/.cargo/bin:$(PATH)
BIN = $${CARGO_TARGET_DIR:-target}/debug/midwatch

# `make demo INCIDENT=3` or an incident's id
INCIDENT ?=
# Pages that `make browser` opens beside the hostile one: numbers or ids of built-in incidents
INCIDENTS ?= 1 2
# `make fuzz FUZZ_INPUTS=10000 FUZZ_DECODER=logs`; with FUZZ_INPUT=FILE that one file is read by that one decoder
FUZZ_INPUTS ?= 1000000
FUZZ_SEED ?= 1
FUZZ_DECODER ?=
FUZZ_INPUT ?=
# Where `make bench` looks for public suites, each in a folder of its own name
SUITES ?= target/suites
# A Python environment with the peers that speed is measured against
PEERS ?= target/peers

help: ## list the verbs
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

setup:
	@.ci/setup

# The whole workspace's features, so that `make test` finds everything built.
demo: setup ## investigate a built-in incident (INCIDENT=number or id)
	@cargo build --workspace --bin midwatch
	@$(BIN) demo $(INCIDENT) || test $$? -eq 3

test: setup lint ## everything a change must pass
	@.ci/setup servers
	cargo test --workspace

lint: setup ## format, lints, layering, lengths, document rows
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo run --quiet -p xtask -- tidy

smoke: setup ## every built-in incident through the built command, recorded and replayed
	@cargo build --workspace --bin midwatch
	@.ci/smoke "$(BIN)"

browser: setup ## report pages in a real browser, one of an incident whose every field is hostile
	@.ci/browser "$(BIN)" $(INCIDENTS)

pictures: setup ## the guides' pictures again, from what the built command gives
	@.ci/setup browser
	@cargo build --workspace --bin midwatch
	@npm ci --silent --no-audit --no-fund --prefix tools/browser
	@node tools/browser/pictures.mjs "$(BIN)" docs/pictures

# No process may take more than 8 GiB: one that wants to is stopped, and its input kept.
fuzz: setup ## a million hostile inputs for every decoder (FUZZ_INPUTS=, FUZZ_DECODER=)
	@cargo build --profile fuzz -p midwatch-fuzz
	@ulimit -v 8388608 && $${CARGO_TARGET_DIR:-target}/fuzz/midwatch-fuzz --inputs $(FUZZ_INPUTS) --seed $(FUZZ_SEED) \
		$(if $(FUZZ_DECODER),--decoder $(FUZZ_DECODER)) $(if $(FUZZ_INPUT),--input $(FUZZ_INPUT))

golden: setup ## the table of golden incidents, also with a third of their evidence removed
	cargo build --workspace --bin midwatch-bench
	@$(BIN)-bench incidents incidents
	@$(BIN)-bench incidents incidents --thinned 20

bench: setup ## golden incidents and the public suites that lie in SUITES
	cargo run --release -p midwatch-bench -- incidents incidents
	@for suite in rootcausebench cloud-opsbench opensre loghub-2k; do \
		if [ -d "$(SUITES)/$$suite" ]; then \
			echo "== $$suite"; \
			cargo run --quiet --release -p midwatch-bench -- $$suite "$(SUITES)/$$suite" || exit 1; \
		fi; \
	done
	@echo "== cluster-scale"
	@cargo run --quiet --release -p midwatch-bench -- cluster-scale target/cluster-scale
	@if [ -x "$(PEERS)/bin/python" ]; then \
		"$(PEERS)/bin/python" tools/bench/peers/drain3_speed.py "$(SUITES)/loghub-2k"; \
	else \
		echo "peer not measured: python3 -m venv $(PEERS) && $(PEERS)/bin/pip install drain3==0.9.11"; \
	fi
