package vn.lienthong.peers.streams;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Comparator;
import lienthong.event.v1.EventOuterClass.Event;
import lienthong.event.v1.EventOuterClass.Event.PayloadCase;

/**
 * A step of a case, in the hub's order.
 *
 * @param occurredMs milliseconds since the Unix epoch
 * @param sequence the source's numbering, unsigned; 0: not numbered
 * @param rank the payload's usual place in a dossier's life
 * @param fingerprint source + id, unsigned
 * @param agency who acted; empty: not told
 */
record Step(long occurredMs, int sequence, byte rank, long fingerprint, String agency)
    implements Comparable<Step> {
  private static final Comparator<Step> ORDER =
      Comparator.comparingLong(Step::occurredMs)
          .thenComparing(Step::sequence, Integer::compareUnsigned)
          .thenComparing(Step::rank)
          .thenComparing(Step::fingerprint, Long::compareUnsigned);

  /** The step that an event tells. */
  static Step of(Event event) {
    var header = event.getHeader();
    var time = header.getOccurredTime();
    return new Step(
        time.getSeconds() * 1_000 + time.getNanos() / 1_000_000,
        header.getSequence(),
        rank(event.getPayloadCase()),
        SipHash.of((header.getSource() + '\0' + header.getId()).getBytes(UTF_8)),
        header.getAgencyCode());
  }

  /** Whether an event of this kind is a step at all. */
  static boolean is(PayloadCase kind) {
    return kind != PayloadCase.LINKED && kind != PayloadCase.PARKED_RELEASED;
  }

  @Override
  public int compareTo(Step other) {
    return ORDER.compare(this, other);
  }

  /** As the hub ranks them. */
  private static byte rank(PayloadCase kind) {
    return switch (kind) {
      case LINKED -> 5;
      case SUBMITTED -> 10;
      case RECEIVED -> 20;
      case REFUSED_AT_INTAKE -> 21;
      case ACCEPTED -> 30;
      case IDENTITY_VERIFIED -> 32;
      case IDENTITY_MISMATCHED -> 33;
      case CONSULTED -> 40;
      case ANSWERED -> 41;
      case SUPPLEMENT_REQUESTED -> 42;
      case SUPPLEMENT_RECEIVED -> 43;
      case PAYMENT_REQUESTED -> 44;
      case PAYMENT_MADE -> 45;
      case EXTENDED -> 46;
      case DIGITISED -> 47;
      case PROGRESS_REPORTED -> 48;
      case APPRAISED -> 50;
      case APPROVED -> 51;
      case SIGNED -> 52;
      case CIVIL_STATUS_REGISTERED -> 53;
      case CIVIL_STATUS_REFUSED -> 54;
      case CIVIL_STATUS_CORRECTED -> 55;
      case PERSONAL_NUMBER_ASSIGNED, RESIDENCE_REGISTERED, RESIDENCE_REMOVED -> 56;
      case CIVIL_STATUS_EXTRACT_ISSUED, SPECIALISED_RESULT_ISSUED -> 57;
      case RESULT_ISSUED -> 58;
      case HANDED_OVER -> 60;
      case RETURNED -> 61;
      case WITHDRAWN -> 80;
      case STOPPED -> 81;
      case RESULT_RETURNED -> 90;
      case RATED -> 91;
      case PARKED_RELEASED -> 99;
      case PAYLOAD_NOT_SET -> throw new IllegalArgumentException("an event without a payload");
    };
  }
}
