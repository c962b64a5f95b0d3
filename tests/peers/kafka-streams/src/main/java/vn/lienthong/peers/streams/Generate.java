package vn.lienthong.peers.streams;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import lienthong.event.v1.EventOuterClass.Event;
import lienthong.event.v1.EventOuterClass.Header;
import lienthong.event.v1.EventOuterClass.MappedStatus;
import lienthong.event.v1.EventOuterClass.Person;
import lienthong.event.v1.EventOuterClass.Protected;
import lienthong.event.v1.EventOuterClass.SourceStatus;
import lienthong.event.v1.Payloads.Accepted;
import lienthong.event.v1.Payloads.Appraised;
import lienthong.event.v1.Payloads.Approved;
import lienthong.event.v1.Payloads.Channel;
import lienthong.event.v1.Payloads.HandedOver;
import lienthong.event.v1.Payloads.Party;
import lienthong.event.v1.Payloads.Received;
import lienthong.event.v1.Payloads.ResultReturned;
import lienthong.event.v1.Payloads.Signed;
import lienthong.event.v1.Payloads.Submitted;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Fills a topic with events as the hub would write them, to try the topology without the hub: cases
 * that pass between agencies, steps of one second, unnamed agencies, duplicates, and late arrivals.
 * Same seed, same events; recorded times apart.
 */
public final class Generate {
  private static final int PARTITIONS = 4;
  private static final int AGENCIES = 24;
  private static final String SOURCE = "urn:lienthong:vn:H56:onestop";
  private static final long FROM = Instant.parse("2026-01-05T00:00:00Z").getEpochSecond();
  private static final int SPAN_SECONDS = 300 * 86_400;

  private final Random random;

  private Generate(long seed) {
    random = new Random(seed);
  }

  /** Arguments: bootstrap servers, topic, cases, seed. */
  public static void main(String[] args) throws Exception {
    if (args.length != 4) {
      System.err.println("usage: BOOTSTRAP TOPIC CASES SEED");
      System.exit(2);
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
      // A topic that the hub has made already is filled as it is.
      if (!admin.listTopics().names().get().contains(args[1])) {
        admin.createTopics(List.of(new NewTopic(args[1], PARTITIONS, (short) 1))).all().get();
      }
    }
    var generate = new Generate(Long.parseLong(args[3]));
    long records = 0;
    try (var producer =
        new KafkaProducer<>(
            Map.<String, Object>of("bootstrap.servers", args[0], "compression.type", "lz4", "linger.ms", 20),
            new StringSerializer(),
            new ByteArraySerializer())) {
      int cases = Integer.parseInt(args[2]);
      List<Event> late = new ArrayList<>();
      for (int number = 0; number < cases; number++) {
        for (Event event : generate.aCase(number)) {
          // Some come again, and some come after the cases that follow.
          if (generate.random.nextInt(20) == 0) {
            late.add(event);
          }
          if (generate.random.nextInt(20) == 0) {
            late.add(event);
          } else {
            producer.send(record(args[1], event));
            records++;
          }
        }
        while (late.size() > 500 || (number == cases - 1 && !late.isEmpty())) {
          producer.send(record(args[1], late.remove(generate.random.nextInt(late.size()))));
          records++;
        }
      }
    }
    System.out.println(records + " records");
  }

  private List<Event> aCase(int number) {
    String code = String.format("LT-%08d", number);
    String dossier = String.format("H56.15.%02d-260105-%07d", number % 30, number);
    long second = FROM + random.nextInt(SPAN_SECONDS);
    int holder = random.nextInt(AGENCIES);
    List<Event> events = new ArrayList<>();
    int steps = 6 + random.nextInt(14);
    for (int step = 0; step < steps; step++) {
      // Often within the same second, as packets of QCVN 120 are.
      second += random.nextInt(3) == 0 ? 0 : random.nextInt(2 * 86_400);
      Header.Builder header =
          Header.newBuilder()
              .setId(code + "-" + step)
              .setSource(SOURCE)
              .setDossierCode(random.nextInt(4) == 0 ? dossier + "1" : dossier)
              .setCaseCode(code)
              .setProcedureCode("1.001193")
              .setAgencyCode(random.nextInt(15) == 0 ? "" : agency(holder))
              .setOccurredTime(time(second))
              .setSequence(random.nextInt(3) == 0 ? step : 0);
      Event.Builder event = Event.newBuilder().setAdapter("onestop");
      if (step == 0) {
        header.setProtected(people(number));
        event.setSubmitted(Submitted.newBuilder().setChannel(Channel.CHANNEL_DESK));
      } else if (step == steps - 1) {
        header.setSourceStatus(SourceStatus.newBuilder().setSystem("DVCQG").setCode("10"));
        event.setMappedStatus(MappedStatus.newBuilder().setPortalStatus(10).setMappingVersion("1"));
        event.setResultReturned(ResultReturned.newBuilder().setChannel(Channel.CHANNEL_DESK));
      } else {
        int next = random.nextInt(AGENCIES);
        switch (random.nextInt(6)) {
          case 0 -> event.setReceived(Received.newBuilder().setChannel(Channel.CHANNEL_DESK));
          case 1 -> event.setAppraised(Appraised.newBuilder().setPassed(true));
          case 2 -> event.setApproved(Approved.getDefaultInstance());
          case 3 -> event.setSigned(Signed.newBuilder().setDigital(true));
          case 4 -> event.setAccepted(Accepted.newBuilder().setHandoverId(code + "-" + step));
          default -> {
            event.setHandedOver(
                HandedOver.newBuilder().setTo(Party.newBuilder().setAgencyCode(agency(next))).setHandoverId(code + "-" + step));
            holder = next;
          }
        }
      }
      if (random.nextBoolean()) {
        event.setTraceparent(
            String.format("00-%016x%016x-%016x-01", random.nextLong() | 1, random.nextLong(), random.nextLong() | 1));
      }
      events.add(event.setHeader(header).setRecordedTime(time(Instant.now().getEpochSecond())).build());
    }
    return events;
  }

  private static Protected people(int number) {
    return Protected.newBuilder()
        .addPersons(
            Person.newBuilder()
                .setRole("applicant")
                .setFullName("Nguyễn Văn " + Integer.toString(number, 36))
                .setIdentityNumber(String.format("038%09d", number))
                .setBirthDate("1990-01-05"))
        .build();
  }

  private static String agency(int number) {
    return String.format("H56.15.%02d", number);
  }

  private static Timestamp time(long second) {
    return Timestamp.newBuilder().setSeconds(second).build();
  }

  private static ProducerRecord<String, byte[]> record(String topic, Event event) {
    var header = event.getHeader();
    var record = new ProducerRecord<>(topic, header.getCaseCode(), event.toByteArray());
    String kind = Event.getDescriptor().findFieldByNumber(event.getPayloadCase().getNumber()).getName();
    add(record, "ce_specversion", "1.0");
    add(record, "ce_id", header.getId());
    add(record, "ce_source", header.getSource());
    add(record, "ce_type", "vn.lienthong.dossier." + kind + ".v1");
    add(record, "ce_subject", header.getDossierCode());
    add(record, "ce_time", Instant.ofEpochSecond(header.getOccurredTime().getSeconds()).toString());
    add(record, "ce_recordedtime", Instant.ofEpochSecond(event.getRecordedTime().getSeconds()).toString());
    add(record, "ce_dataschema", "urn:lienthong:proto:lienthong.event.v1.Event");
    add(record, "content-type", "application/protobuf");
    add(record, "ce_partitionkey", header.getCaseCode());
    add(record, "ce_sequence", header.getSequence() == 0 ? "" : String.format("%010d", header.getSequence()));
    add(record, "traceparent", event.getTraceparent());
    return record;
  }

  private static void add(ProducerRecord<String, byte[]> record, String name, String value) {
    if (!value.isEmpty()) {
      record.headers().add(name, value.getBytes(UTF_8));
    }
  }
}
