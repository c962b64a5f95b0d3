package vn.lienthong.peers.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerTest {
  /** From Python's own hash of bytes, which is SipHash-1-3, with PYTHONHASHSEED=0. */
  @Test
  void sipHashGivesTheKnownNumbers() {
    byte[] counted = new byte[64];
    for (int at = 0; at < counted.length; at++) {
      counted[at] = (byte) at;
    }
    assertEquals(0x407448d2b89b1813L, SipHash.of("a".getBytes(UTF_8)));
    assertEquals(0xa0b741e322077709L, SipHash.of("urn:lienthong:vn:H56:onestop\0001".getBytes(UTF_8)));
    assertEquals(0x75e05fd5bbc870c6L, SipHash.of(counted));
  }

  @Test
  void aCaseHoldsEachStepOnceInOrderWhateverCameFirst() {
    Step first = new Step(1_000, 0, (byte) 20, -1, "A");
    Step second = new Step(1_000, 0, (byte) 20, 1, "B");
    Step third = new Step(1_000, 0, (byte) 30, 2, "");
    Step fourth = new Step(1_000, -1, (byte) 10, 3, "A");
    byte[] stored = null;
    for (Step step : List.of(fourth, first, third, second)) {
      stored = Steps.with(stored, step);
    }
    // Fingerprints and sequences are unsigned: -1 is the largest.
    assertEquals(List.of(second, first, third, fourth), Steps.read(stored));
    assertNull(Steps.with(stored, new Step(9_000, 0, (byte) 20, 2, "C")));
  }

  @Test
  void theSumsAreThoseOfTheDefinition() {
    var answer = new Answer();
    List<List<Step>> cases =
        List.of(
            List.of(step(0, "A"), step(100, "B"), step(200, "B"), step(400, "")),
            List.of(step(100, "B"), step(100, "A")),
            List.of(step(300, "A")));
    cases.forEach(answer::count);
    answer.setMoments();
    cases.forEach(answer::countOpen);
    assertEquals(
        """
        {
          "cases": 3,
          "events": 7,
          "hand_overs": 2,
          "first_ms": 0,
          "last_ms": 400,
          "matrix": [
            {
              "from": "A",
              "to": "B",
              "count": 1
            },
            {
              "from": "B",
              "to": "",
              "count": 1
            },
            {
              "from": "B",
              "to": "A",
              "count": 1
            },
            {
              "from": "B",
              "to": "B",
              "count": 1
            }
          ],
          "open": [
            {
              "at_ms": 100,
              "cases": 1,
              "by_agency": [
                {
                  "agency": "B",
                  "cases": 1
                }
              ]
            },
            {
              "at_ms": 200,
              "cases": 1,
              "by_agency": [
                {
                  "agency": "B",
                  "cases": 1
                }
              ]
            },
            {
              "at_ms": 300,
              "cases": 1,
              "by_agency": [
                {
                  "agency": "B",
                  "cases": 1
                }
              ]
            }
          ]
        }
        """,
        answer.json());
  }

  private static Step step(long occurredMs, String agency) {
    return new Step(occurredMs, 0, (byte) 20, 0, agency);
  }
}
