package vn.lienthong.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** The hub and Kafka's Java client put a key into the same partition. */
class PartitionParityTest {
  /** Fewer keys would agree by luck too often: one in four does on a topic of four partitions. */
  private static final int FEWEST_KEYS = 20;

  @Test
  void everyKeyOfTheHubLandsWhereTheJavaClientPutsIt() throws Exception {
    Map<ByteBuffer, Integer> ours = new LinkedHashMap<>();
    for (var record : Topic.records()) {
      assertNotNull(record.key(), "the record at " + at(record.partition(), record.offset()) + " has no key");
      Integer before = ours.putIfAbsent(ByteBuffer.wrap(record.key()), record.partition());
      assertTrue(
          before == null || before == record.partition(),
          () -> "the key of " + at(record.partition(), record.offset()) + " is in two partitions");
    }
    assertTrue(ours.size() >= FEWEST_KEYS, "only " + ours.size() + " keys: send " + FEWEST_KEYS + " cases or more");

    Map<String, Object> settings = Map.of("bootstrap.servers", Topic.bootstrap());
    String scratch = "java-partitioner-" + UUID.randomUUID();
    try (Admin admin = Admin.create(settings)) {
      int partitions =
          admin.describeTopics(List.of(Topic.name())).allTopicNames().get().get(Topic.name()).partitions().size();
      admin.createTopics(List.of(new NewTopic(scratch, partitions, (short) 1))).all().get();
      try {
        Map<ByteBuffer, Integer> javas = produce(settings, scratch, ours.keySet());
        assertEquals(javas, ours);
        System.out.println("java: " + ours.size() + " keys on the same of " + partitions + " partitions");
      } finally {
        admin.deleteTopics(List.of(scratch)).all().get();
      }
    }
  }

  /** Where the Java client's default partitioner puts the keys. */
  private static Map<ByteBuffer, Integer> produce(
      Map<String, Object> settings, String topic, Iterable<ByteBuffer> keys) throws Exception {
    Map<ByteBuffer, Integer> partitions = new LinkedHashMap<>();
    try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      Map<ByteBuffer, Future<RecordMetadata>> sent = new LinkedHashMap<>();
      for (ByteBuffer key : keys) {
        sent.put(key, producer.send(new ProducerRecord<>(topic, key.array(), new byte[0])));
      }
      for (var one : sent.entrySet()) {
        partitions.put(one.getKey(), one.getValue().get(30, TimeUnit.SECONDS).partition());
      }
    }
    return partitions;
  }

  private static String at(int partition, long offset) {
    return "partition " + partition + ", offset " + offset;
  }
}
