package vn.lienthong.example;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import lienthong.subscription.v1.Durable.DayManifest;
import lienthong.subscription.v1.Durable.GetManifestRequest;
import lienthong.subscription.v1.Durable.GetSubscriptionRequest;
import lienthong.subscription.v1.Durable.ReadRangeRequest;
import lienthong.subscription.v1.Durable.ReadRangeResponse;
import lienthong.subscription.v1.SubscriptionsGrpc.SubscriptionsBlockingV2Stub;

/** Proves that everything a durable subscription gave out is kept, and reads again what is not. */
final class Manifest {
  private static final ZoneOffset HUB = ZoneOffset.ofHours(7);
  private static final long MOST_NUMBERS_A_CALL = 1_000_000;

  private Manifest() {}

  /** Compares every day with the hub's manifest. */
  static boolean check(SubscriptionsBlockingV2Stub stub, Connection store, String name)
      throws StatusException, SQLException, InterruptedException {
    var asked = GetSubscriptionRequest.newBuilder().setName(name).build();
    long created = stub.getSubscription(asked).getStatus().getCreatedTime().getSeconds();
    LocalDate firstDay = Instant.ofEpochSecond(created).atOffset(HUB).toLocalDate();
    var days =
        GetManifestRequest.newBuilder()
            .setName(name)
            .setFirstDay(firstDay.toString())
            .setLastDay(LocalDate.now(HUB).toString())
            .build();
    boolean good = true;
    for (DayManifest day : stub.getManifest(days).getDaysList()) {
      String told = day.getCount() + " " + day.getDigest();
      int healed = told.equals(kept(store, day.getDay())) ? 0 : heal(stub, store, name, day);
      boolean equal = told.equals(kept(store, day.getDay()));
      good &= equal;
      System.out.printf(
          "%s count=%d digest=%s healed=%d %s%n",
          day.getDay(), day.getCount(), day.getDigest(), healed, equal ? "equal" : "DIFFERS");
    }
    return good;
  }

  /** Count and digest of what is kept of a day, by the recipe of {@code DayManifest}. */
  private static String kept(Connection store, String day) throws SQLException {
    long count = 0;
    long total = 0; // a Java long wraps at 2^64, as the recipe asks
    String select = "SELECT sequence || char(10) || source || char(10) || id FROM events WHERE day = ?";
    try (PreparedStatement events = store.prepareStatement(select)) {
      events.setString(1, day);
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      for (ResultSet told = events.executeQuery(); told.next(); count++) {
        byte[] text = told.getString(1).getBytes(StandardCharsets.UTF_8);
        total += ByteBuffer.wrap(sha256.digest(text)).getLong();
      }
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
    return "%d %016x".formatted(count, total);
  }

  private static int heal(
      SubscriptionsBlockingV2Stub stub, Connection store, String name, DayManifest day)
      throws StatusException, SQLException, InterruptedException {
    int healed = 0;
    for (long[] hole : holes(store, day.getFirstSequence(), day.getLastSequence())) {
      var range = ReadRangeRequest.newBuilder().setName(name);
      BlockingClientCall<?, ReadRangeResponse> parts =
          stub.readRange(range.setFirstSequence(hole[0]).setLastSequence(hole[1]).build());
      for (var part = parts.read(); part != null; part = parts.read()) {
        healed += Consume.keep(store, part.getDeliveriesList());
      }
    }
    return healed;
  }

  /** Ranges of numbers from {@code first} to {@code last} that are not kept. */
  private static List<long[]> holes(Connection store, long first, long last) throws SQLException {
    List<Long> kept = new ArrayList<>();
    String select = "SELECT sequence FROM events WHERE sequence BETWEEN ? AND ? ORDER BY 1";
    try (PreparedStatement sequences = store.prepareStatement(select)) {
      sequences.setLong(1, first);
      sequences.setLong(2, last);
      for (ResultSet told = sequences.executeQuery(); told.next(); ) {
        kept.add(told.getLong(1));
      }
    }
    kept.add(last + 1);
    List<long[]> holes = new ArrayList<>();
    for (long sequence : kept) {
      for (; first < sequence; first += MOST_NUMBERS_A_CALL) {
        holes.add(new long[] {first, Math.min(sequence, first + MOST_NUMBERS_A_CALL) - 1});
      }
      first = sequence + 1;
    }
    return holes;
  }
}
