# shellcheck shell=bash
# shellcheck disable=SC2154 # kafka.sh sets what is used here
# What the brokers say of their cluster: who answers, who is in sync, who leads. Part of kafka.sh.

# Seconds within which a broker must be back in sync.
sync_bound=180

# What broker N says of the cluster, if it answers within three seconds. The admin protocol's answer,
# not an open port, and its own: the others think a killed broker alive until its session ends.
metadata() {
  local n=$1 address
  shift
  address=$(sed -nE 's/^advertised.listeners=PLAINTEXT:..//p' "$run/broker-$n.properties")
  kcat -b "$address" -L -m 3 "$@" 2>/dev/null
}

# Every broker answers and knows of all.
all_answer() {
  local n all
  all=$(brokers | wc -l)
  for n in $(brokers); do
    metadata "$n" | grep -qx " $all brokers:" || return 1
  done
}

# Partitions that have no leader or of which a replica is not in sync, as broker N sees them.
out_of_sync() {
  metadata "$1" | awk '
    $1 == "partition" {
      replicas = isrs = $0
      sub(/.*replicas: /, "", replicas); sub(/, isrs:.*/, "", replicas)
      sub(/.*isrs: /, "", isrs); sub(/, Broker:.*/, "", isrs)
      if (split(replicas, a, ",") != split(isrs, b, ",") || /leader -1/) count++
    }
    END { print count + 0 }'
}

in_sync() {
  local deadline=$((SECONDS + sync_bound)) n behind
  while true; do
    behind=0
    all_answer || behind="some brokers do not answer"
    for n in $(brokers); do
      [ "$behind" = 0 ] || break
      behind=$(out_of_sync "$n")
    done
    [ "$behind" != 0 ] || return 0
    [ $SECONDS -lt $deadline ] || fail "not in sync after $sync_bound s: $behind (a number: partitions)"
    sleep 0.2
  done
}

leader_of() {
  local n said=""
  [ -n "${1:-}" ] || usage
  for n in $(brokers); do
    said=$(metadata "$n" -t "$1") && break
  done
  echo "$said" | sed -nE 's/^ +partition [0-9]+, leader ([0-9]+),.*/\1/p' |
    sort | uniq -c | sort -k1,1nr -k2,2n | awk '{ print $2, $1 }' | grep . ||
    fail "topic $1: no leaders. Fix: check the name with kafka.sh tool kafka-topics.sh --list"
}
