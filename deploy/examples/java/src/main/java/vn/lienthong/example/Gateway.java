package vn.lienthong.example;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import lienthong.subscription.v1.FilterOuterClass.Attributes;
import lienthong.subscription.v1.FilterOuterClass.Filter;

/** What both programs need to reach a gateway of the hub: arguments, connection, back-off. */
final class Gateway {
  /**
   * The call is wrong or the place is gone: trying again would not help. All else passes: a gateway
   * restarts, the network breaks, the subscription moves to another gateway.
   */
  private static final Set<Status.Code> PERMANENT =
      EnumSet.of(
          Status.Code.INVALID_ARGUMENT,
          Status.Code.FAILED_PRECONDITION,
          Status.Code.OUT_OF_RANGE,
          Status.Code.NOT_FOUND,
          Status.Code.ALREADY_EXISTS,
          Status.Code.PERMISSION_DENIED,
          Status.Code.UNAUTHENTICATED,
          Status.Code.UNIMPLEMENTED);

  private final Map<String, List<String>> given = new HashMap<>();
  private final String[] addresses;
  private int failures;
  private long began;
  private ManagedChannel channel;

  /** Reads {@code --name value} and {@code --flag}. */
  Gateway(String[] arguments) {
    for (int at = 0; at < arguments.length; at++) {
      boolean flag = at + 1 == arguments.length || arguments[at + 1].startsWith("--");
      List<String> values = given.computeIfAbsent(arguments[at], name -> new ArrayList<>());
      values.add(flag ? "" : arguments[++at]);
    }
    addresses =
        text("--gateway", System.getenv().getOrDefault("LIENTHONG_GATEWAY", "127.0.0.1:7420"))
            .split(",");
  }

  boolean has(String name) {
    return given.containsKey(name);
  }

  String text(String name, String otherwise) {
    return has(name) ? given.get(name).get(0) : otherwise;
  }

  String required(String name) {
    if (!has(name)) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return text(name, "");
  }

  /** {@code --filter type=...} or {@code --filter agency=H56*}, as often as wanted; all must hold. */
  List<Filter> filters() {
    List<Filter> filters = new ArrayList<>();
    for (String text : given.getOrDefault("--filter", List.of())) {
      String[] parts = text.split("=", 2);
      if (parts.length < 2) {
        throw new IllegalArgumentException("--filter " + text + ": write ATTRIBUTE=VALUE");
      }
      boolean prefix = parts[1].endsWith("*");
      String value = prefix ? parts[1].substring(0, parts[1].length() - 1) : parts[1];
      Attributes asked = Attributes.newBuilder().putValues(parts[0], value).build();
      Filter.Builder filter = Filter.newBuilder();
      filters.add((prefix ? filter.setPrefix(asked) : filter.setExact(asked)).build());
    }
    return filters;
  }

  /** A channel to the next of the gateways. Pings find a connection that died silently. */
  ManagedChannel connect() {
    began = System.nanoTime();
    channel =
        ManagedChannelBuilder.forTarget(addresses[failures % addresses.length])
            .usePlaintext()
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .build();
    return channel;
  }

  /** A stream ended in good order: the next follows soon. */
  void again() throws InterruptedException {
    channel.shutdownNow();
    failures = 0;
    Thread.sleep(200);
  }

  /** Waits 0.2 to 10 s, growing, and at random; throws again what waiting would not help. */
  void pauseAfter(StatusRuntimeException error) throws InterruptedException {
    channel.shutdownNow();
    if (PERMANENT.contains(error.getStatus().getCode())) {
      throw error;
    }
    boolean lasted = System.nanoTime() - began > TimeUnit.SECONDS.toNanos(30);
    failures = lasted ? 1 : failures + 1;
    double most = Math.min(10_000, 200 * Math.pow(2, Math.min(failures, 6)));
    long pause = (long) (most * ThreadLocalRandom.current().nextDouble(0.5, 1));
    System.err.println(error.getMessage() + "; again in " + pause + " ms");
    Thread.sleep(pause);
  }

  /** Ends the last connection. */
  void close() {
    channel.shutdownNow();
  }
}
