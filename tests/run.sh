#!/usr/bin/env bash
# `make test`: formatting, lints, then every test, those on a real Kafka too. What CI runs.
# Where no Kafka can be had or the examples cannot be built, CI fails; elsewhere the rest runs and the
# end says what was left out.
# LIENTHONG_TEST_KAFKA, when set, names the broker (a cluster of one) to use instead of our own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
left_out=target/left_out.txt
export LIENTHONG_KAFKA_RUN=$PWD/target/kafka/test

# Whatever happens: the broker ends, and what was not tested is told last, where it is seen.
finish() {
  local status=$?
  if [ -n "${started:-}" ]; then deploy/kafka/kafka.sh down || status=1; fi
  if [ -s "$left_out" ]; then
    { echo; echo "LEFT OUT, so NOT tested:"; sort -u "$left_out" | sed 's/^/  - /'; } >&2
    # A test that leaves something out fails under CI by itself; this holds should one forget.
    [ "${CI:-}" != true ] || [ $status -ne 0 ] || status=1
  fi
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

# A broker of our own.
bring_up_kafka() {
  deploy/kafka/setup.sh && deploy/kafka/kafka.sh up 1 || return
  started=yes
  # shellcheck source=/dev/null
  source "$LIENTHONG_KAFKA_RUN/env"
  # These would point the tests' hubs at this cluster; they choose for themselves.
  unset LIENTHONG_LOG LIENTHONG_LOG__KAFKA__REPLICATION LIENTHONG_LOG__KAFKA__MIN_INSYNC_REPLICAS
}

mkdir -p target
rm -f "$left_out"
deploy/setup.sh
cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- --deny warnings
cargo build --locked --package lienthong
if [ -z "${LIENTHONG_TEST_KAFKA:-}" ] && ! bring_up_kafka; then
  if [ "${CI:-}" = true ]; then
    echo "test: no Kafka, and under CI nothing is left out" >&2
    exit 1
  fi
  echo "all on a real Kafka: no broker could be had here (the reason is further up)" >>"$left_out"
fi
# An end-to-end test fills a topic and runs the Java tests over it; here they are only built, so
# that it waits for no download.
if [ -n "${LIENTHONG_TEST_KAFKA:-}" ] && command -v mvn >/dev/null; then
  mvn -B -q -ntp -f tests/java/pom.xml test -DskipTests
fi
# Clients as an outside team builds them; what the end-to-end tests run.
if ! deploy/examples/setup.sh; then
  if [ "${CI:-}" = true ]; then
    echo "test: the examples are not built, and under CI nothing is left out" >&2
    exit 1
  fi
  echo "the examples: they could not be built here (the reason is further up)" >>"$left_out"
fi
# What operators install, by its own linters; tests find promtool where this puts it.
result=0
tests/deploy/run.sh || result=$?
if [ $result -eq 3 ] && [ "${CI:-}" != true ]; then
  echo "the linters of deploy/: they could not be had here (the reason is further up)" >>"$left_out"
elif [ $result -ne 0 ]; then
  exit 1
fi
cargo test --locked --workspace
