# shellcheck shell=bash
# shellcheck disable=SC2154 # kafka.sh sets what is used here
# Kafka's jars from Maven Central, and its command-line classes. Part of kafka.sh, which sets:
# here (this folder), root (the repository), jars (the cache), run (the cluster's state).

# Copies the jars once; again only when the pom has changed. Works offline afterwards.
resolve() {
  local stamp copy
  stamp=$(sha256sum <"$here/pom.xml")
  [ "$(cat "$jars/.pom" 2>/dev/null)" = "$stamp" ] && return
  command -v mvn >/dev/null || fail "Maven is missing. Fix: run deploy/kafka/setup.sh" 3
  mkdir -p "$root/target/kafka"
  copy=$(mktemp -d "$root/target/kafka/jars.XXXXXX")
  echo "kafka: fetching Apache Kafka's jars" >&2
  if ! mvn -B -q -ntp -f "$here/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$copy" >&2; then
    rm -rf "$copy"
    fail "the jars cannot be had: Maven's words are above. Fix: let this machine reach Maven Central, once" 3
  fi
  echo "$stamp" >"$copy/.pom"
  rm -rf "$jars"
  mv "$copy" "$jars"
}

# A class of Kafka's in a Java of its own. Small and quick to start: for tools, not for brokers.
class() {
  java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx512m -Djava.awt.headless=true \
    "-Dlog4j2.configurationFile=$here/log4j2.properties" -cp "$jars/*" "$@"
}

# Kafka's scripts by their names: class, and whether it asks a cluster.
tool() {
  local name=${1:-} asks=yes class
  [ -n "$name" ] || usage
  shift
  name=${name#kafka-}
  case ${name%.sh} in
    topics) class=org.apache.kafka.tools.TopicCommand ;;
    configs) class=kafka.admin.ConfigCommand ;;
    groups) class=org.apache.kafka.tools.GroupsCommand ;;
    consumer-groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
    console-consumer) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
    console-producer) class=org.apache.kafka.tools.ConsoleProducer ;;
    get-offsets) class=org.apache.kafka.tools.GetOffsetShell ;;
    broker-api-versions) class=org.apache.kafka.tools.BrokerApiVersionsCommand ;;
    metadata-quorum) class=org.apache.kafka.tools.MetadataQuorumCommand ;;
    leader-election) class=org.apache.kafka.tools.LeaderElectionCommand ;;
    reassign-partitions) class=org.apache.kafka.tools.reassign.ReassignPartitionsCommand ;;
    log-dirs) class=org.apache.kafka.tools.LogDirsCommand ;;
    delete-records) class=org.apache.kafka.tools.DeleteRecordsCommand ;;
    producer-perf-test) class=org.apache.kafka.tools.ProducerPerformance ;;
    consumer-perf-test) class=org.apache.kafka.tools.ConsumerPerformance ;;
    dump-log) class=org.apache.kafka.tools.DumpLogSegments asks=no ;;
    *) fail "$name is not a tool of this script. Fix: name one of topics, configs, groups, consumer-groups, console-consumer, console-producer, get-offsets, broker-api-versions, metadata-quorum, leader-election, reassign-partitions, log-dirs, delete-records, producer-perf-test, consumer-perf-test, dump-log" 2 ;;
  esac
  resolve
  if [ $asks = yes ] && [ -e "$run/bootstrap" ] && [[ " $* " != *" --bootstrap-server"* ]]; then
    set -- "$@" --bootstrap-server "$(cat "$run/bootstrap")"
  fi
  class "$class" "$@"
}
