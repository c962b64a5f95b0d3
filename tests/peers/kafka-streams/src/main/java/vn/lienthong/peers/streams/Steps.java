package vn.lienthong.peers.streams;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A case's steps as the store keeps them: each once, in order, one behind the other. */
final class Steps {
  /** Time, sequence, rank, fingerprint, and the length of the agency's code. */
  private static final int FIXED = Long.BYTES + Integer.BYTES + 1 + Long.BYTES + 1;

  private Steps() {}

  /** The steps of a stored case. */
  static List<Step> read(byte[] stored) {
    List<Step> steps = new ArrayList<>();
    ByteBuffer from = ByteBuffer.wrap(stored);
    while (from.hasRemaining()) {
      long occurredMs = from.getLong();
      int sequence = from.getInt();
      byte rank = from.get();
      long fingerprint = from.getLong();
      byte[] agency = new byte[from.get() & 0xff];
      from.get(agency);
      steps.add(new Step(occurredMs, sequence, rank, fingerprint, new String(agency, UTF_8)));
    }
    return steps;
  }

  /** The stored case with the step in its place; null if it has the step already. */
  static byte[] with(byte[] stored, Step step) {
    byte[] agency = step.agency().getBytes(UTF_8);
    if (agency.length > 0xff) {
      throw new IllegalArgumentException("an agency code of " + agency.length + " bytes");
    }
    int at = stored == null ? 0 : place(stored, step);
    if (at < 0) {
      return null;
    }
    int before = stored == null ? 0 : stored.length;
    ByteBuffer to = ByteBuffer.allocate(before + FIXED + agency.length);
    if (stored != null) {
      to.put(stored, 0, at);
    }
    to.putLong(step.occurredMs()).putInt(step.sequence()).put(step.rank()).putLong(step.fingerprint());
    to.put((byte) agency.length).put(agency);
    if (stored != null) {
      to.put(stored, at, stored.length - at);
    }
    return to.array();
  }

  /** Where the step belongs, in bytes from the start; -1 if its fingerprint is there already. */
  private static int place(byte[] stored, Step step) {
    ByteBuffer from = ByteBuffer.wrap(stored);
    int at = -1;
    while (from.hasRemaining()) {
      int here = from.position();
      Step other = new Step(from.getLong(), from.getInt(), from.get(), from.getLong(), "");
      if (other.fingerprint() == step.fingerprint()) {
        return -1;
      }
      if (at < 0 && step.compareTo(other) < 0) {
        at = here;
      }
      int length = from.get() & 0xff;
      from.position(from.position() + length);
    }
    return at < 0 ? stored.length : at;
  }
}
