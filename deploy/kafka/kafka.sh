#!/usr/bin/env bash
# Real Apache Kafka (KRaft, no container) on this machine, for tests, fault runs and trying things.
#
#   kafka.sh up [1|3]        start a cluster: one broker (factors 1), or three (factors 3, 2 in sync)
#   kafka.sh down            end exactly what `up` started and remove its data
#   kafka.sh status          what runs, with process ids
#   kafka.sh kill N          SIGKILL broker N
#   kafka.sh start N         start broker N again, with its data; wait until it is in sync
#   kafka.sh restart N       stop broker N cleanly, then start N
#   kafka.sh pause N         SIGSTOP broker N
#   kafka.sh resume N        SIGCONT broker N
#   kafka.sh pid N           the process id of broker N
#   kafka.sh leader-of TOPIC lines of "BROKER PARTITIONS-LED", the one that leads most first
#   kafka.sh in-sync         wait until every replica of every partition is in sync
#   kafka.sh tool NAME ...   one of Kafka's own tools, such as kafka-consumer-groups.sh
#   kafka.sh resolve         only fetch the jars into the cache
#
# Needs a Java runtime 17 or later, Maven (once) and kcat: setup.sh beside this file installs them.
# A cluster's state is a folder, target/kafka/run or $LIENTHONG_KAFKA_RUN; several clusters may be
# up at once, each with a folder of its own:
#   bootstrap   the bootstrap servers           env   what to `source` for the tests and the hub
#   broker-N.properties, broker-N.pid, broker-N.log    data   where the temporary folder is
# Exit codes: 0 done; 1 failed; 2 wrong arguments; 3 Kafka's jars cannot be had.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
run=${LIENTHONG_KAFKA_RUN:-$root/target/kafka/run}
[[ $run = /* ]] || run=$PWD/$run
jars=$root/target/kafka/jars
# Seconds within which a cluster must answer.
start_bound=120

fail() {
  echo "kafka: $1" >&2
  exit "${2:-1}"
}

usage() {
  sed -n '3,18s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

# shellcheck source=deploy/kafka/jars.sh
source "$here/jars.sh"
# shellcheck source=deploy/kafka/ask.sh
source "$here/ask.sh"

# --- processes ------------------------------------------------------------------------------------

# When a process started, in the kernel's ticks: with the id it names one process for ever.
started_at() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086 # the fields of the line are wanted apart
  set -- $stat
  echo "${20}"
}

# The process id of broker N, if what runs under it is what this script started.
pid_of() {
  local pid start
  read -r pid start 2>/dev/null <"$run/broker-$1.pid" || return 1
  [ "$(started_at "$pid")" = "$start" ] || return 1
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$run/broker-$1.properties" || return 1
  echo "$pid"
}

# The numbers of the brokers that the state knows.
brokers() {
  local file
  for file in "$run"/broker-*.properties; do
    [ -e "$file" ] || return 0
    file=${file##*/broker-}
    echo "${file%.properties}"
  done
}

need_pid() {
  [[ ${1:-} =~ ^[1-9]$ ]] || usage
  [ -e "$run/broker-$1.properties" ] || fail "there is no broker $1. Fix: kafka.sh status shows those that are"
  pid_of "$1" || fail "broker $1 is not running. Fix: kafka.sh start $1"
}

launch() {
  local heap=-Xmx1g
  [ "$(brokers | wc -l)" -eq 1 ] || heap=-Xmx768m
  setsid java -Xms256m $heap -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
    -Dkafka.log.level=INFO "-Dlog4j2.configurationFile=$here/log4j2.properties" \
    -cp "$jars/*" kafka.Kafka "$run/broker-$1.properties" \
    </dev/null >>"$run/broker-$1.log" 2>&1 9>&- &
  echo "$! $(started_at $!)" >"$run/broker-$1.pid"
  # Until the new process is Java under its own name, nobody would know it.
  until pid_of "$1" >/dev/null || ! started_at $! >/dev/null; do sleep 0.02; done
}

# Ends a process and waits for it: SIGKILL at once, or when SIGTERM did not do within the bound.
end() {
  local pid=$1 signal=$2 deadline=$((SECONDS + 60))
  kill "-$signal" "$pid" 2>/dev/null || return 0
  while [ -e "/proc/$pid/cmdline" ] && [ -n "$(tr -d '\0' 2>/dev/null <"/proc/$pid/cmdline")" ]; do
    if [ $SECONDS -ge $deadline ]; then
      echo "kafka: process $pid did not end in 60 s after SIG$signal: SIGKILL" >&2
      signal=KILL
      kill -KILL "$pid" 2>/dev/null || return 0
      deadline=$((SECONDS + 60))
    fi
    sleep 0.1
  done
}

# --- up and down ----------------------------------------------------------------------------------

# N ports of the loopback address that nobody listens on, below those that clients are given.
free_ports() {
  local wanted=$1 port found=" "
  while [ "$(wc -w <<<"$found")" -lt "$wanted" ]; do
    port=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
    [[ $found != *" $port "* ]] || continue
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
    found+="$port "
  done
  echo "$found"
}

# One file of settings for each of COUNT brokers, all of them broker and controller.
write_settings() {
  local count=$1 data=$2 ports n voters="" bootstrap="" copies=1 in_sync=1
  [ "$count" -eq 1 ] || copies=3 in_sync=2
  read -ra ports < <(free_ports $((count * 2)))
  for ((n = 1; n <= count; n++)); do
    bootstrap+=${bootstrap:+,}127.0.0.1:${ports[n - 1]}
    voters+=${voters:+,}$n@127.0.0.1:${ports[count + n - 1]}
  done
  for ((n = 1; n <= count; n++)); do
    cat >"$run/broker-$n.properties" <<SETTINGS
process.roles=broker,controller
node.id=$n
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${ports[n - 1]},CONTROLLER://127.0.0.1:${ports[count + n - 1]}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports[n - 1]}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$data/broker-$n
auto.create.topics.enable=false
default.replication.factor=$copies
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$in_sync
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
background.threads=2
SETTINGS
  done
  echo "$bootstrap" >"$run/bootstrap"
}

# What the tests and the hub read. The tests' brokers are a cluster of one.
write_env() {
  {
    echo "export LIENTHONG_KAFKA_RUN='$run'"
    echo "export LIENTHONG_LOG='kafka://$(cat "$run/bootstrap")/lienthong'"
    if [ "$1" -eq 1 ]; then
      echo "export LIENTHONG_TEST_KAFKA='$(cat "$run/bootstrap")'"
      echo "export LIENTHONG_LOG__KAFKA__REPLICATION=1"
      echo "export LIENTHONG_LOG__KAFKA__MIN_INSYNC_REPLICAS=1"
    fi
  } >"$run/env"
}

# The ends of the brokers' logs, for whoever has to find out.
show_logs() {
  local n
  for n in $(brokers); do
    echo "--- the end of $run/broker-$n.log" >&2
    tail -n 25 "$run/broker-$n.log" >&2 || true
  done
}

# Waits until all brokers answer. 1: one died or the time is up. 2: another took its port.
await_answers() {
  local deadline=$((SECONDS + start_bound)) n
  until all_answer; do
    for n in $(brokers); do
      pid_of "$n" >/dev/null && continue
      grep -q 'Address already in use' "$run/broker-$n.log" && return 2
      echo "kafka: broker $n ended while it started" >&2
      return 1
    done
    if [ $SECONDS -ge $deadline ]; then
      echo "kafka: no answer within $start_bound s" >&2
      return 1
    fi
    sleep 0.2
  done
}

up() {
  local count=${1:-1} began=$SECONDS running data id n try result
  [[ $count = 1 || $count = 3 ]] || fail "BROKERS=$count: a cluster has 1 or 3 brokers. Fix: make kafka BROKERS=3" 2
  running=$(for n in $(brokers); do if pid_of "$n"; then :; fi; done | wc -l)
  if [ "$running" -gt 0 ]; then
    [ "$running" -eq "$(brokers | wc -l)" ] || fail "only $running of $(brokers | wc -l) brokers run. Fix: make kafka-stop, or kafka.sh start N"
    [ "$running" -eq "$count" ] || fail "a cluster of $running runs already. Fix: make kafka-stop, or another folder in LIENTHONG_KAFKA_RUN"
    await_answers || fail "the cluster that runs does not answer. Fix: make kafka-stop"
    echo "kafka: runs already"
    tell
    return
  fi
  resolve
  for try in 1 2 3; do
    sweep
    data=$(mktemp -d "${TMPDIR:-/tmp}/lienthong-kafka.XXXXXX")
    echo "$data" >"$run/data"
    write_settings "$count" "$data"
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
    for n in $(brokers); do
      class kafka.tools.StorageTool format "--cluster-id=$id" --config "$run/broker-$n.properties" >"$run/broker-$n.log" 2>&1 &&
        launch "$n" && continue
      show_logs
      sweep
      fail "broker $n could not be started"
    done
    result=0
    await_answers || result=$?
    if [ $result -eq 0 ]; then
      write_env "$count"
      echo "kafka: Apache Kafka $(version), $count broker(s), answers after $((SECONDS - began)) s"
      tell
      return
    fi
    show_logs
    sweep
    [ $result -eq 2 ] || break
    echo "kafka: a port was taken meanwhile; trying others ($try of 3)" >&2
  done
  fail "the cluster did not start; the ends of its logs are above"
}

version() {
  local jar
  jar=$(echo "$jars"/kafka-clients-*.jar)
  jar=${jar##*kafka-clients-}
  echo "${jar%.jar}"
}

# For the person who has just started it.
tell() {
  local script=${here#"$PWD"/}/kafka.sh
  # One that is not in the usual place must be named again.
  [ -z "${LIENTHONG_KAFKA_RUN:-}" ] || script="LIENTHONG_KAFKA_RUN=$run $script"
  cat <<TEXT
  bootstrap servers   $(cat "$run/bootstrap")
  tests and hub       source ${run#"$PWD"/}/env
  Kafka's own tools   $script tool kafka-topics.sh --list
                      $script tool kafka-consumer-groups.sh --describe --all-groups
  data, logs          $(cat "$run/data"), ${run#"$PWD"/}/broker-*.log
  end it              make kafka-stop   (or $script down)
TEXT
}

# Ends what runs of this cluster and removes its data and state; the brokers' logs stay to be read.
# SIGKILL, because nothing is kept, and three nodes that leave together wait for each other in vain.
sweep() {
  local n pid data
  for n in $(brokers); do
    if pid=$(pid_of "$n"); then end "$pid" KILL; fi
    rm -f "$run/broker-$n.pid" "$run/broker-$n.properties"
  done
  data=$(cat "$run/data" 2>/dev/null) || true
  # Only a folder of our own making.
  [[ ${data##*/} != lienthong-kafka.* ]] || rm -rf "$data"
  rm -f "$run/data" "$run/bootstrap" "$run/env"
}

status() {
  local n pid state
  [ -n "$(brokers)" ] || fail "no cluster in $run. Fix: make kafka"
  for n in $(brokers); do
    if pid=$(pid_of "$n"); then
      state=running
      [ "$(sed -E 's/.*\) (.).*/\1/' "/proc/$pid/stat")" != T ] || state=paused
      echo "broker $n  process $pid  $state"
    else
      echo "broker $n  not running"
    fi
  done
  tell
}

start() {
  [[ ${1:-} =~ ^[1-9]$ && -e "$run/broker-$1.properties" ]] || fail "there is no broker ${1:-}. Fix: kafka.sh status shows those that are"
  pid_of "$1" >/dev/null && fail "broker $1 runs already"
  launch "$1"
  in_sync
}

command=${1:-}
[ -n "$command" ] || usage
shift
case $command in
  up | start | restart | leader-of | in-sync | tool) needs=(java kcat flock setsid) ;;
  *) needs=(flock) ;;
esac
for needed in "${needs[@]}"; do
  command -v "$needed" >/dev/null || fail "$needed is missing. Fix: run deploy/kafka/setup.sh" 3
done
mkdir -p "$run"
# One command at a time may change a cluster.
case $command in
  up | down | start | restart | kill) exec 9>"$run/.lock" && flock 9 ;;
esac

case $command in
  up) up "$@" ;;
  down) sweep ;;
  status) status ;;
  kill) pid=$(need_pid "$@") && end "$pid" KILL ;;
  start) start "$@" ;;
  restart) pid=$(need_pid "$@") && end "$pid" TERM && start "$@" ;;
  pause) pid=$(need_pid "$@") && kill -STOP "$pid" ;;
  resume) pid=$(need_pid "$@") && kill -CONT "$pid" ;;
  pid) need_pid "$@" ;;
  leader-of) leader_of "$@" ;;
  in-sync) in_sync ;;
  tool) tool "$@" ;;
  resolve) resolve ;;
  *) usage ;;
esac
