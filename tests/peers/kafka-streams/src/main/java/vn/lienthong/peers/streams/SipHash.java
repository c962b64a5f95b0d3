package vn.lienthong.peers.streams;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** SipHash-1-3 with the zero key: one round a word, three at the end. */
final class SipHash {
  private long v0 = 0x736f6d6570736575L;
  private long v1 = 0x646f72616e646f6dL;
  private long v2 = 0x6c7967656e657261L;
  private long v3 = 0x7465646279746573L;

  private SipHash() {}

  static long of(byte[] bytes) {
    return new SipHash().hash(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
  }

  private long hash(ByteBuffer bytes) {
    long last = (long) bytes.remaining() << 56;
    while (bytes.remaining() >= Long.BYTES) {
      take(bytes.getLong());
    }
    for (int shift = 0; bytes.hasRemaining(); shift += 8) {
      last |= (bytes.get() & 0xffL) << shift;
    }
    take(last);
    v2 ^= 0xff;
    round();
    round();
    round();
    return v0 ^ v1 ^ v2 ^ v3;
  }

  private void take(long word) {
    v3 ^= word;
    round();
    v0 ^= word;
  }

  private void round() {
    v0 += v1;
    v1 = Long.rotateLeft(v1, 13) ^ v0;
    v0 = Long.rotateLeft(v0, 32);
    v2 += v3;
    v3 = Long.rotateLeft(v3, 16) ^ v2;
    v0 += v3;
    v3 = Long.rotateLeft(v3, 21) ^ v0;
    v2 += v1;
    v1 = Long.rotateLeft(v1, 17) ^ v2;
    v2 = Long.rotateLeft(v2, 32);
  }
}
