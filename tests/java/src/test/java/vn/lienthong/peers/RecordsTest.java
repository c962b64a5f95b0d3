package vn.lienthong.peers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Timestamp;
import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.CloudEventDeserializer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import lienthong.event.v1.EventOuterClass.Event;
import lienthong.event.v1.EventOuterClass.Person;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A record of the hub is a CloudEvent 1.0 in Kafka's binary mode, with a protobuf event as value. */
class RecordsTest {
  /** Every header there may be. */
  private static final Set<String> KNOWN =
      Set.of(
          "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataschema",
          "content-type", "ce_partitionkey", "ce_recordedtime", "ce_correlationid", "ce_causationid",
          "ce_sequence", "traceparent", "tracestate");
  /**
   * Times and numbers, which another test holds to fields that are not personal. A child is born on
   * the day of some event, and the placeholder 000000001 for an identity number is in many a sequence.
   */
  private static final Set<String> NUMBERS = Set.of("ce_time", "ce_recordedtime", "ce_sequence");
  /** Personal data shorter than this would be found by chance; a name of three letters, say. */
  private static final int SHORTEST_TELLING = 4;

  /** A record, its headers by name and its value as the generated classes read it. */
  private record Read(ConsumerRecord<byte[], byte[]> record, Map<String, String> headers, Event event) {
    String at() {
      return "partition " + record.partition() + ", offset " + record.offset();
    }

    String key() {
      return new String(record.key(), UTF_8);
    }
  }

  private static List<Read> all;

  @BeforeAll
  static void readTheTopic() throws Exception {
    all = new ArrayList<>();
    for (var record : Topic.records()) {
      Map<String, String> headers = new LinkedHashMap<>();
      for (var header : record.headers()) {
        String before = headers.put(header.key(), new String(header.value(), UTF_8));
        assertNull(before, () -> "header " + header.key() + " twice");
      }
      all.add(new Read(record, headers, Event.parseFrom(record.value())));
    }
    System.out.println("java: " + all.size() + " records read");
  }

  @Test
  void theValueIsAnEventOfTheSameProtoFiles() {
    for (Read read : all) {
      Event event = read.event();
      assertAll(
          read.at(),
          () -> assertNotEquals(Event.PayloadCase.PAYLOAD_NOT_SET, event.getPayloadCase(), "payload"),
          () -> assertFalse(event.getHeader().getId().isEmpty(), "id"),
          () -> assertTrue(event.getUnknownFields().asMap().isEmpty(), "unknown fields of the event"),
          () -> assertTrue(event.getHeader().getUnknownFields().asMap().isEmpty(), "of its header"),
          () -> assertArrayEquals(read.record().value(), event.toByteArray(), "written again"));
    }
  }

  @Test
  void theHeadersSayWhatTheEventSays() {
    for (Read read : all) {
      Event event = read.event();
      var header = event.getHeader();
      Map<String, String> told = read.headers();
      String payload = Event.getDescriptor().findFieldByNumber(event.getPayloadCase().getNumber()).getName();
      assertAll(
          read.at(),
          () -> assertTrue(KNOWN.containsAll(told.keySet()), () -> "headers beyond those known: " + told.keySet()),
          () -> assertFalse(told.containsValue(""), "an empty header"),
          () -> assertEquals("1.0", told.get("ce_specversion"), "ce_specversion"),
          () -> assertEquals(header.getId(), told.get("ce_id"), "ce_id"),
          () -> assertEquals(header.getSource(), told.get("ce_source"), "ce_source"),
          () -> assertEquals("vn.lienthong.dossier." + payload + ".v1", told.get("ce_type"), "ce_type"),
          () -> assertEquals(header.getDossierCode(), told.get("ce_subject"), "ce_subject"),
          () -> assertEquals(instant(header.getOccurredTime()), utc(told.get("ce_time")), "ce_time"),
          () -> assertEquals(instant(event.getRecordedTime()), utc(told.get("ce_recordedtime")), "ce_recordedtime"),
          () -> assertEquals("urn:lienthong:proto:lienthong.event.v1.Event", told.get("ce_dataschema"), "ce_dataschema"),
          () -> assertEquals("application/protobuf", told.get("content-type"), "content-type"),
          () -> assertEquals(read.key(), told.get("ce_partitionkey"), "ce_partitionkey"),
          () -> assertEquals(orAbsent(header.getCorrelationId()), told.get("ce_correlationid"), "ce_correlationid"),
          () -> assertEquals(orAbsent(header.getCausationId()), told.get("ce_causationid"), "ce_causationid"),
          () -> assertEquals(sequence(header.getSequence()), told.get("ce_sequence"), "ce_sequence"),
          () -> assertEquals(orAbsent(event.getTraceparent()), told.get("traceparent"), "traceparent"));
    }
  }

  @Test
  void theSdkOfCloudEventsReadsEveryRecord() {
    try (var deserializer = new CloudEventDeserializer()) {
      for (Read read : all) {
        var record = read.record();
        var header = read.event().getHeader();
        CloudEvent event = deserializer.deserialize(record.topic(), record.headers(), record.value());
        assertAll(
            read.at(),
            () -> assertEquals(header.getId(), event.getId()),
            () -> assertEquals(header.getSource(), event.getSource().toString()),
            () -> assertEquals(header.getDossierCode(), event.getSubject()),
            () -> assertEquals(instant(header.getOccurredTime()), event.getTime().toInstant()),
            () -> assertEquals("application/protobuf", event.getDataContentType()),
            () -> assertEquals(read.key(), event.getExtension("partitionkey")),
            () -> assertArrayEquals(record.value(), event.getData().toBytes()));
      }
    }
  }

  @Test
  void noKeyAndNoHeaderHoldsPersonalData() {
    assertTrue(
        all.stream().anyMatch(read -> read.event().getHeader().getProtected().getPersonsCount() > 0),
        "no event names a person: send some, or this shows nothing");
    for (Read read : all) {
      personal(read.event()).forEach(secret -> assertNotTold(read, secret));
    }
  }

  private static void assertNotTold(Read read, String secret) {
    assertFalse(read.key().contains(secret), () -> read.at() + ": the key holds personal data");
    read.headers()
        .forEach(
            (name, value) -> {
              boolean told = !NUMBERS.contains(name) && value.contains(secret);
              assertFalse(told, () -> read.at() + ": header " + name + " holds personal data");
            });
  }

  /** Everything in the protected part of an event that could be recognised elsewhere. */
  private static Stream<String> personal(Event event) {
    var hidden = event.getHeader().getProtected();
    Stream<String> ofPersons = hidden.getPersonsList().stream().flatMap(RecordsTest::personal);
    return Stream.concat(ofPersons, hidden.getNotesList().stream()).filter(text -> text.length() >= SHORTEST_TELLING);
  }

  private static Stream<String> personal(Person person) {
    return Stream.of(
        person.getFullName(), person.getIdentityNumber(), person.getBirthDate(),
        person.getPhoneNumber(), person.getEmail(), person.getAddress());
  }

  private static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** RFC 3339 in UTC, as CloudEvents wants it. */
  private static Instant utc(String text) {
    assertTrue(text != null && text.matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z"), () -> "time: " + text);
    return Instant.parse(text);
  }

  private static String orAbsent(String text) {
    return text.isEmpty() ? null : text;
  }

  /** Ten digits, since CloudEvents compares sequences as text; absent for a source that does not number. */
  private static String sequence(int number) {
    return number == 0 ? null : String.format("%010d", Integer.toUnsignedLong(number));
  }
}
