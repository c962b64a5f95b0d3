# The commands of the project. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s $$'\t'

.PHONY: setup
setup: ## Install what is missing on Debian 12 (a C compiler for allocator and linker)
	@deploy/setup.sh

.PHONY: run
run: setup ## Build, start the hub with the demo, show it live; Ctrl-C drains
	@cargo build --locked --package lienthong
	@exec target/debug/lienthong up --demo $(ARGS)

.PHONY: test
test: ## Formatting, lints, unit, contract and end-to-end tests, on a real Kafka too: what CI runs
	@tests/run.sh

.PHONY: kafka
kafka: ## Start Apache Kafka on free loopback ports, BROKERS=1 or 3, and say how to use it
	@deploy/kafka/setup.sh
	@deploy/kafka/kafka.sh up $(or $(BROKERS),1)

.PHONY: kafka-stop
kafka-stop: ## End exactly what `make kafka` started and remove its data
	@deploy/kafka/kafka.sh down

.PHONY: bench
bench: setup ## The hub beside its floors, PostgreSQL and JetStream, a table and target/bench/report.json
	@deploy/setup.sh postgresql-15 nats-server
	@cargo build --release --locked --package lienthong --package lienthong-tests --bin lienthong --bin bench
	@target/release/bench $(ARGS)

.PHONY: kill
kill: setup ## kill -9 under load, ROUNDS times (default 200); fails on any loss
	@cargo build --release --locked --package lienthong --package lienthong-tests --bin lienthong --bin kill
	@target/release/kill --rounds $(or $(ROUNDS),200) $(ARGS)

.PHONY: deploy-check
deploy-check: ## Everything under deploy/ by its own linter: rules, dashboards, collector, compose, units
	@tests/deploy/run.sh

.PHONY: incident
incident: setup ## A staged incident under a real Prometheus: the alerts that fire, in order, with their labels
	@deploy/kafka/setup.sh
	@tests/deploy/tools.sh prometheus
	@cargo build --release --locked --package lienthong --package lienthong-tests --bin lienthong --bin incident
	@target/release/incident $(ARGS)

.PHONY: proto-lint
proto-lint: ## Check proto/ with buf (needs npm)
	npx --yes @bufbuild/buf lint proto

.PHONY: deny
deny: ## Check licences, sources and banned crates (installs cargo-deny)
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny --locked check bans licenses sources

.PHONY: clean
clean: ## Remove what the build made, and end `make kafka`; data stays
	@deploy/kafka/kafka.sh down
	cargo clean

.PHONY: separate
separate: setup ## The same seed through one process and through separate services on Kafka, compared
	@deploy/kafka/setup.sh
	@cargo build --release --locked --package lienthong --package lienthong-tests --bin lienthong --bin separate
	@target/release/separate $(ARGS)

.PHONY: faults
faults: setup ## Brokers and services killed, paused and moved under load, a row each (ARGS: scenarios, --seconds)
	@deploy/kafka/setup.sh
	@cargo build --release --locked --package lienthong --package lienthong-tests --bin lienthong --bin faults
	@target/release/faults $(ARGS)

.PHONY: subscriptions
subscriptions: setup ## Subscribes in every way while gateways, hubs and brokers are killed (ARGS: scenarios, --times)
	@deploy/kafka/setup.sh
	@cargo build --release --locked --package lienthong --package lienthong-tests --bin lienthong --bin subscriptions
	@target/release/subscriptions $(ARGS)

.PHONY: kafka-bench
kafka-bench: setup ## The services on one broker beside the bare client library (ARGS: --fill 5000000)
	@deploy/kafka/setup.sh
	@cargo build --release --locked --package lienthong --package lienthong-tests --bin lienthong --bin kafka-bench
	@target/release/kafka-bench $(ARGS)

.PHONY: lag-truth
lag-truth: setup ## Lag as Kafka's own tool prints it, as ours does, and as the sender knows it
	@deploy/kafka/setup.sh
	@cargo build --release --locked --package lienthong --package lienthong-tests --bin lienthong --bin lag-truth
	@target/release/lag-truth $(ARGS)
