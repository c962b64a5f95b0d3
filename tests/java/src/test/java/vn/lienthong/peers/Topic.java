package vn.lienthong.peers;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** The topic that the hub filled, as the environment names it, read from its start to its end. */
final class Topic {
  private Topic() {}

  static String bootstrap() {
    return setting("LIENTHONG_TEST_KAFKA", "the bootstrap servers");
  }

  static String name() {
    return setting("LIENTHONG_JAVA_TOPIC", "the topic that the hub has filled");
  }

  /** Every record; fails if there is none, since nothing could then be shown. */
  static List<ConsumerRecord<byte[], byte[]>> records() {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (var consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", bootstrap(), "isolation.level", "read_committed"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(name()).stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        consumer.poll(Duration.ofMillis(200)).forEach(records::add);
        if (System.nanoTime() > deadline) {
          fail("the end of topic " + name() + " was not reached within 60 s");
        }
      }
    }
    assertFalse(records.isEmpty(), "topic " + name() + " is empty: send events through the hub first");
    return records;
  }

  private static String setting(String name, String what) {
    String value = System.getenv(name);
    return value == null || value.isBlank()
        ? fail("environment variable " + name + " is missing: set it to " + what)
        : value;
  }
}
