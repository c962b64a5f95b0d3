package vn.lienthong.peers.streams;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import lienthong.event.v1.EventOuterClass.Event;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Keeps every case's path in a state store; answers once the topic's end is in it; then stays. */
public final class Projection {
  private static final String STORE = "cases";

  /** By partition: the next offset, of what this process has put into the store. */
  private static final Map<Integer, Long> NEXT = new ConcurrentHashMap<>();

  private static final AtomicLong RECORDS = new AtomicLong();
  private static final AtomicLong LINKS = new AtomicLong();
  private static final AtomicLong UNREADABLE = new AtomicLong();
  private static volatile long firstRecordNanos;

  private Projection() {}

  /** Arguments: bootstrap servers, topic, application id, state directory, file for the answer. */
  public static void main(String[] args) throws Exception {
    if (args.length == 3 && args[2].equals("--forget")) {
      forget(args[0], args[1]);
      return;
    }
    if (args.length != 5) {
      System.err.println("usage: BOOTSTRAP TOPIC APPLICATION STATE-DIR OUT.json | BOOTSTRAP APPLICATION --forget");
      System.exit(2);
    }
    long began = System.nanoTime();
    var streams = new KafkaStreams(topology(args[1]), Settings.of(args[0], args[2], args[3]));
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(1);
          return null;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
      awaitEnd(admin, args[1], args[2], streams);
    }
    long atEnd = System.nanoTime();
    String answer = answer(streams);
    write(Path.of(args[4]), answer);
    figures(began, atEnd, System.nanoTime());
  }

  private static Topology topology(String topic) {
    var builder = new StreamsBuilder();
    builder.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray())
            .withCachingEnabled());
    builder.stream(topic, Consumed.with(Serdes.String(), Serdes.ByteArray())).process(Take::new, STORE);
    return builder.build();
  }

  /** Puts an event's step into its case. */
  private static final class Take extends ContextualProcessor<String, byte[], Void, Void> {
    private KeyValueStore<String, byte[]> cases;

    @Override
    public void init(ProcessorContext<Void, Void> context) {
      super.init(context);
      cases = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, byte[]> record) {
      if (firstRecordNanos == 0) {
        firstRecordNanos = System.nanoTime();
      }
      try {
        Event event = Event.parseFrom(record.value());
        if (Step.is(event.getPayloadCase())) {
          byte[] changed = Steps.with(cases.get(record.key()), Step.of(event));
          if (changed != null) {
            cases.put(record.key(), changed);
          }
        } else {
          LINKS.incrementAndGet();
        }
      } catch (com.google.protobuf.InvalidProtocolBufferException | IllegalArgumentException error) {
        UNREADABLE.incrementAndGet();
      }
      RECORDS.incrementAndGet();
      context().recordMetadata().ifPresent(at -> NEXT.put(at.partition(), at.offset() + 1));
    }
  }

  /** Waits until everything that was in the topic at the start is in the stores. */
  private static void awaitEnd(Admin admin, String topic, String application, KafkaStreams streams)
      throws Exception {
    Map<TopicPartition, Long> ends = ends(admin, topic);
    while (true) {
      // What an earlier process committed is in the stores as soon as they are restored.
      if (streams.state() == KafkaStreams.State.RUNNING) {
        Map<TopicPartition, Long> reached = new HashMap<>();
        admin
            .listConsumerGroupOffsets(application)
            .partitionsToOffsetAndMetadata()
            .get()
            .forEach((partition, at) -> reached.put(partition, at == null ? 0 : at.offset()));
        NEXT.forEach((partition, next) -> reached.merge(new TopicPartition(topic, partition), next, Math::max));
        if (ends.entrySet().stream().allMatch(end -> reached.getOrDefault(end.getKey(), 0L) >= end.getValue())) {
          return;
        }
      }
      Thread.sleep(20);
    }
  }

  private static Map<TopicPartition, Long> ends(Admin admin, String topic) throws Exception {
    var partitions = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
    Map<TopicPartition, OffsetSpec> asked =
        partitions.stream()
            .collect(Collectors.toMap(p -> new TopicPartition(topic, p.partition()), p -> OffsetSpec.latest()));
    Map<TopicPartition, Long> ends = new HashMap<>();
    admin.listOffsets(asked).all().get().forEach((partition, end) -> ends.put(partition, end.offset()));
    return ends;
  }

  private static String answer(KafkaStreams streams) {
    var answer = new Answer();
    ReadOnlyKeyValueStore<String, byte[]> cases =
        streams.store(StoreQueryParameters.fromNameAndType(STORE, QueryableStoreTypes.keyValueStore()));
    each(cases, answer::count);
    answer.setMoments();
    each(cases, answer::countOpen);
    return answer.json();
  }

  private static void each(ReadOnlyKeyValueStore<String, byte[]> cases, Consumer<List<Step>> to) {
    try (var all = cases.all()) {
      all.forEachRemaining(one -> to.accept(Steps.read(one.value)));
    }
  }

  /** Whole or not at all, so that whoever waits for the file may read it as soon as it is there. */
  private static void write(Path file, String text) throws Exception {
    Path draft = Path.of(file + ".part");
    Files.writeString(draft, text);
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** One line of JSON: what this process did until its first answer. */
  private static void figures(long began, long atEnd, long answered) throws Exception {
    String peak =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmHWM:"))
            .map(line -> line.replaceAll("\\D", ""))
            .findFirst()
            .orElse("0");
    long records = RECORDS.get();
    double consuming = records == 0 ? 0 : seconds(firstRecordNanos, atEnd);
    String line = String.format(
        Locale.ROOT,
        "{\"records\": %d, \"seconds_consuming\": %.3f, \"records_per_second\": %.0f, \"seconds_to_answer\": %.3f,"
            + " \"seconds_answering\": %.3f, \"cpu_seconds\": %.1f, \"peak_rss_kib\": %s, \"links\": %d, \"unreadable\": %d}",
        records,
        consuming,
        consuming == 0 ? 0 : records / consuming,
        seconds(began, answered),
        seconds(atEnd, answered),
        ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toMillis() / 1e3,
        peak,
        LINKS.get(),
        UNREADABLE.get());
    System.out.println(line);
  }

  private static double seconds(long from, long to) {
    return Duration.ofNanos(to - from).toNanos() / 1e9;
  }

  /** Removes what an application left in the cluster: its changelog. */
  private static void forget(String bootstrap, String application) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      var topics =
          admin.listTopics().names().get().stream().filter(name -> name.startsWith(application + "-")).toList();
      admin.deleteTopics(topics).all().get();
    }
  }
}
