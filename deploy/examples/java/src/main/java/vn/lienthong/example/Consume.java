package vn.lienthong.example;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import lienthong.event.v1.EventOuterClass.Header;
import lienthong.subscription.v1.Durable.Acknowledgements;
import lienthong.subscription.v1.Durable.ConsumeRequest;
import lienthong.subscription.v1.Durable.ConsumeResponse;
import lienthong.subscription.v1.Durable.CreateSubscriptionRequest;
import lienthong.subscription.v1.Durable.GetSubscriptionRequest;
import lienthong.subscription.v1.Durable.Handling;
import lienthong.subscription.v1.Durable.Open;
import lienthong.subscription.v1.Durable.Receipt;
import lienthong.subscription.v1.Durable.Subscription;
import lienthong.subscription.v1.Stream.Beginning;
import lienthong.subscription.v1.Stream.Delivery;
import lienthong.subscription.v1.Stream.GoingAway;
import lienthong.subscription.v1.Stream.Start;
import lienthong.subscription.v1.SubscriptionsGrpc;
import lienthong.subscription.v1.SubscriptionsGrpc.SubscriptionsBlockingV2Stub;

/**
 * Takes part in a durable subscription, whose place the hub keeps.
 *
 * <p>An event is acknowledged once it is in SQLite under its sequence number. Numbers have no gaps;
 * at the end the hub's manifest of every day proves that all is here, and what is not is read again.
 */
public final class Consume {
  private static final String EVENTS =
      """
      CREATE TABLE IF NOT EXISTS events (
        sequence INTEGER PRIMARY KEY,  -- a number stands for one event for ever
        day TEXT NOT NULL,             -- in whose manifest it counts
        source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, partition_key TEXT NOT NULL,
        event BLOB NOT NULL)           -- lienthong.event.v1.Event
      """;

  public static void main(String[] arguments) throws Exception {
    Gateway gateway = new Gateway(arguments);
    String name = gateway.required("--name");
    boolean made = !gateway.has("--create");
    boolean done = gateway.has("--check-only");
    try (Connection store =
        DriverManager.getConnection("jdbc:sqlite:" + gateway.required("--store"))) {
      store.createStatement().execute(EVENTS);
      store.setAutoCommit(false);
      while (true) {
        try {
          ManagedChannel channel = gateway.connect();
          SubscriptionsBlockingV2Stub stub = SubscriptionsGrpc.newBlockingV2Stub(channel);
          if (!made) {
            stub.createSubscription(wanted(gateway, name));
            made = true;
          }
          done = done || consume(stub, gateway, store, name);
          if (done) {
            boolean equal = Manifest.check(stub, store, name);
            gateway.close();
            System.exit(equal ? 0 : 1);
          }
          gateway.again();
        } catch (StatusException error) {
          gateway.pauseAfter(error.getStatus().asRuntimeException());
        }
      }
    }
  }

  /** One stream to its end. Tells whether everything wanted is kept and acknowledged. */
  private static boolean consume(
      SubscriptionsBlockingV2Stub stub, Gateway gateway, Connection store, String name)
      throws SQLException, StatusException, InterruptedException {
    long until = Long.parseLong(gateway.text("--until-sequence", "0"));
    BlockingClientCall<ConsumeRequest, ConsumeResponse> stream = stub.consume();
    Open.Builder open = Open.newBuilder().setName(name).setHeartbeatS(5);
    open.setConsumer(gateway.text("--consumer", ""));
    stream.write(ConsumeRequest.newBuilder().setOpen(open).build());
    for (ConsumeResponse message = stream.read(); message != null; message = stream.read()) {
      switch (message.getMessageCase()) {
        case HANDED -> {
          keep(store, message.getHanded().getDeliveriesList());
          // Only now: what is acknowledged is not told again.
          stream.write(done(message.getHanded().getDeliveriesList()));
        }
        case GOING_AWAY -> {
          if (message.getGoingAway().getWhy() == GoingAway.Why.WHY_ENDED) {
            String why = "the subscription was deleted, or another has this consumer's name";
            throw Status.NOT_FOUND.withDescription(why).asException();
          }
          return false;
        }
        default -> {} // late, withdrawn and heartbeats need no answer: what is kept stays kept
      }
      if (hasAll(store, until)) {
        return settled(stub, name, until);
      }
    }
    return false;
  }

  private static ConsumeRequest done(List<Delivery> deliveries) {
    Acknowledgements.Builder told = Acknowledgements.newBuilder();
    for (Delivery delivery : deliveries) {
      Receipt.Builder receipt = told.addDoneBuilder();
      receipt.setSequence(delivery.getSequence()).setAttempt(delivery.getAttempt());
    }
    return ConsumeRequest.newBuilder().setAcknowledgements(told).build();
  }

  /** Waits until the hub recorded the acknowledgements, or a while. */
  private static boolean settled(SubscriptionsBlockingV2Stub stub, String name, long until)
      throws StatusException, InterruptedException {
    GetSubscriptionRequest asked = GetSubscriptionRequest.newBuilder().setName(name).build();
    for (int turn = 0; turn < 100; turn++) {
      if (stub.getSubscription(asked).getStatus().getSettledSequence() >= until) {
        return true;
      }
      Thread.sleep(100);
    }
    return false;
  }

  /** Whether every sequence number from 1 to {@code until} is kept; 0: it never ends. */
  private static boolean hasAll(Connection store, long until) throws SQLException {
    if (until == 0) {
      return false;
    }
    String count = "SELECT count(*) FROM events WHERE sequence <= " + until;
    try (ResultSet counted = store.createStatement().executeQuery(count)) {
      return counted.next() && counted.getLong(1) == until;
    }
  }

  /** All or none. What was handed out before changes nothing. Gives how many were new. */
  static int keep(Connection store, List<Delivery> deliveries) throws SQLException {
    int added = 0;
    try (PreparedStatement events =
        store.prepareStatement("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)")) {
      for (Delivery delivery : deliveries) {
        Header header = delivery.getEvent().getHeader();
        events.setLong(1, delivery.getSequence());
        events.setString(2, delivery.getDay());
        events.setString(3, header.getSource());
        events.setString(4, header.getId());
        events.setString(5, delivery.getType());
        events.setString(6, delivery.getPartitionKey());
        events.setBytes(7, delivery.getEvent().toByteArray());
        added += events.executeUpdate();
      }
      store.commit();
    }
    return added;
  }

  /** From the first event on. Made before with the same content is no error. */
  private static CreateSubscriptionRequest wanted(Gateway gateway, String name) {
    Handling.Builder handling = Handling.newBuilder();
    handling.setAckTimeoutS(Integer.parseInt(gateway.text("--ack-timeout", "0")));
    Subscription.Builder subscription =
        Subscription.newBuilder()
            .setName(name)
            .addAllFilters(gateway.filters())
            .setHandling(handling);
    return CreateSubscriptionRequest.newBuilder()
        .setSubscription(subscription)
        .setStart(Start.newBuilder().setBeginning(Beginning.getDefaultInstance()))
        .build();
  }
}
