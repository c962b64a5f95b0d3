package vn.lienthong.peers.streams;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The sums over all cases; README.md defines them. Two passes: the moments depend on the first. */
final class Answer {
  private static final int QUARTERS = 4;

  /** A cell of the matrix. */
  private record Cell(String from, String to, long count) {}

  /** Open cases of an agency. */
  private record Held(String agency, long cases) {}

  /** Open cases at a moment. */
  private record Open(long atMs, long cases, List<Held> byAgency) {}

  /** The answer as it is written. */
  private record Sums(
      long cases, long events, long handOvers, long firstMs, long lastMs, List<Cell> matrix, List<Open> open) {}

  private record Pair(String from, String to) implements Comparable<Pair> {
    @Override
    public int compareTo(Pair other) {
      int byFrom = from.compareTo(other.from);
      return byFrom != 0 ? byFrom : to.compareTo(other.to);
    }
  }

  private long cases;
  private long events;
  private long firstMs = Long.MAX_VALUE;
  private long lastMs = Long.MIN_VALUE;
  private final Map<Pair, Long> matrix = new TreeMap<>();
  private long[] moments;
  private List<Map<String, Long>> open;

  /** First pass: a case. */
  void count(List<Step> steps) {
    cases++;
    events += steps.size();
    firstMs = Math.min(firstMs, steps.get(0).occurredMs());
    lastMs = Math.max(lastMs, steps.get(steps.size() - 1).occurredMs());
    for (int at = 1; at < steps.size(); at++) {
      matrix.merge(new Pair(steps.get(at - 1).agency(), steps.get(at).agency()), 1L, Long::sum);
    }
  }

  /** Between the passes. */
  void setMoments() {
    moments = new long[QUARTERS - 1];
    open = new ArrayList<>();
    for (int k = 1; k < QUARTERS; k++) {
      moments[k - 1] = cases == 0 ? 0 : firstMs + (lastMs - firstMs) * k / QUARTERS;
      open.add(new TreeMap<>());
    }
  }

  /** Second pass: the same cases again. */
  void countOpen(List<Step> steps) {
    for (int k = 0; k < moments.length; k++) {
      long moment = moments[k];
      if (steps.get(0).occurredMs() > moment || steps.get(steps.size() - 1).occurredMs() <= moment) {
        continue;
      }
      int last = 0;
      while (steps.get(last + 1).occurredMs() <= moment) {
        last++;
      }
      open.get(k).merge(steps.get(last).agency(), 1L, Long::sum);
    }
  }

  /** The answer, sorted. */
  String json() {
    List<Cell> cells = new ArrayList<>();
    long handOvers = 0;
    for (var cell : matrix.entrySet()) {
      Pair pair = cell.getKey();
      cells.add(new Cell(pair.from(), pair.to(), cell.getValue()));
      boolean named = !pair.from().isEmpty() && !pair.to().isEmpty();
      handOvers += named && !pair.from().equals(pair.to()) ? cell.getValue() : 0;
    }
    List<Open> opens = new ArrayList<>();
    for (int k = 0; k < moments.length; k++) {
      List<Held> held = new ArrayList<>();
      open.get(k).forEach((agency, count) -> held.add(new Held(agency, count)));
      opens.add(new Open(moments[k], held.stream().mapToLong(Held::cases).sum(), held));
    }
    boolean none = cases == 0;
    Sums sums = new Sums(cases, events, handOvers, none ? 0 : firstMs, none ? 0 : lastMs, cells, opens);
    return new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .create()
            .toJson(sums)
        + "\n";
  }
}
