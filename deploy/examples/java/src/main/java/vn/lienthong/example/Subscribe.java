package vn.lienthong.example;

import io.grpc.StatusRuntimeException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import lienthong.event.v1.EventOuterClass.Header;
import lienthong.subscription.v1.Stream.Beginning;
import lienthong.subscription.v1.Stream.Delivery;
import lienthong.subscription.v1.Stream.GoingAway;
import lienthong.subscription.v1.Stream.Start;
import lienthong.subscription.v1.Stream.SubscribeRequest;
import lienthong.subscription.v1.Stream.SubscribeResponse;
import lienthong.subscription.v1.SubscriptionsGrpc;

/**
 * Follows the hub's events and keeps its own place.
 *
 * <p>Events and the token that resumes after them go into SQLite in one transaction, so that
 * whenever this program or the hub is killed, the next start goes on with exactly what is missing.
 */
public final class Subscribe {
  private static final String EVENTS =
      """
      CREATE TABLE IF NOT EXISTS events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of arrival
        source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, partition_key TEXT NOT NULL,
        event BLOB NOT NULL,                       -- lienthong.event.v1.Event
        UNIQUE (source, id))                       -- what identifies an event
      """;
  private static final String PLACE =
      """
      CREATE TABLE IF NOT EXISTS place (
        only INTEGER PRIMARY KEY CHECK (only = 1), token TEXT NOT NULL)
      """;

  public static void main(String[] arguments) throws Exception {
    Gateway gateway = new Gateway(arguments);
    try (Connection store =
        DriverManager.getConnection("jdbc:sqlite:" + gateway.required("--store"))) {
      store.createStatement().execute(EVENTS);
      store.createStatement().execute(PLACE);
      store.setAutoCommit(false);
      boolean caughtUp = false;
      while (!caughtUp) {
        try {
          caughtUp = follow(gateway, store) == GoingAway.Why.WHY_CAUGHT_UP;
          gateway.again();
        } catch (StatusRuntimeException error) {
          gateway.pauseAfter(error);
        }
      }
    }
  }

  /** One stream to its end. Gives why the hub ended it. */
  private static GoingAway.Why follow(Gateway gateway, Connection store) throws SQLException {
    var stub = SubscriptionsGrpc.newBlockingStub(gateway.connect());
    Iterator<SubscribeResponse> stream = stub.subscribe(request(gateway, store));
    while (stream.hasNext()) {
      SubscribeResponse message = stream.next();
      switch (message.getMessageCase()) {
        case EVENTS ->
            keep(store, message.getEvents().getDeliveriesList(), message.getEvents().getToken());
        // Nothing fitted up to there, or the hub tells how far the stream is.
        case CHECKPOINT -> keep(store, List.of(), message.getCheckpoint().getToken());
        case CAUGHT_UP -> keep(store, List.of(), message.getCaughtUp().getToken());
        case FELL_BEHIND -> keep(store, List.of(), message.getFellBehind().getToken());
        case GOING_AWAY -> {
          keep(store, List.of(), message.getGoingAway().getToken());
          return message.getGoingAway().getWhy();
        }
        default -> {} // a heartbeat
      }
    }
    return GoingAway.Why.WHY_UNSPECIFIED;
  }

  /** Resumes at the place kept; the first time begins with the first event there is. */
  private static SubscribeRequest request(Gateway gateway, Connection store) throws SQLException {
    Start.Builder start = Start.newBuilder();
    try (ResultSet place = store.createStatement().executeQuery("SELECT token FROM place")) {
      if (place.next()) {
        start.setToken(place.getString(1));
      } else {
        start.setBeginning(Beginning.getDefaultInstance());
      }
    }
    return SubscribeRequest.newBuilder()
        .setStart(start)
        .addAllFilters(gateway.filters())
        .setUntilCaughtUp(gateway.has("--stop-after-caught-up"))
        .build();
  }

  /** Events and the place after them, together or not at all. A repeat changes nothing. */
  private static void keep(Connection store, List<Delivery> deliveries, String token)
      throws SQLException {
    String insert =
        "INSERT OR IGNORE INTO events (source, id, type, partition_key, event)"
            + " VALUES (?, ?, ?, ?, ?)";
    try (PreparedStatement events = store.prepareStatement(insert);
        PreparedStatement place =
            store.prepareStatement("INSERT OR REPLACE INTO place VALUES (1, ?)")) {
      for (Delivery delivery : deliveries) {
        Header header = delivery.getEvent().getHeader();
        events.setString(1, header.getSource());
        events.setString(2, header.getId());
        events.setString(3, delivery.getType());
        events.setString(4, delivery.getPartitionKey());
        events.setBytes(5, delivery.getEvent().toByteArray());
        events.addBatch();
      }
      events.executeBatch();
      place.setString(1, token);
      place.execute();
      store.commit();
    }
  }
}
