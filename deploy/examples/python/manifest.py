"""Proves that everything a durable subscription gave out is kept, and reads again what is not."""

import hashlib
import sqlite3
import time

from lienthong.subscription.v1 import durable_pb2


def digest(store: sqlite3.Connection, day: str) -> tuple[int, str]:
    """Count and digest of what is kept of a day, by the recipe of `DayManifest`."""
    count, total = 0, 0
    for told in store.execute("SELECT sequence, source, id FROM events WHERE day = ?", (day,)):
        text = "\n".join(map(str, told)).encode()
        total += int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
        count += 1
    return count, f"{total % 2**64:016x}"


def check(stub, store: sqlite3.Connection, name: str, keep) -> bool:
    """Compares every day with the hub's manifest; reads again what is missing."""
    status = stub.GetSubscription(durable_pb2.GetSubscriptionRequest(name=name)).status
    created = status.created_time.ToSeconds() + 7 * 3600
    first_day = time.strftime("%Y-%m-%d", time.gmtime(created))
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 3600))
    asked = durable_pb2.GetManifestRequest(name=name, first_day=first_day, last_day=today)
    good = True
    for day in stub.GetManifest(asked).days:
        told, healed = (day.count, day.digest), 0
        if digest(store, day.day) != told:
            before = store.total_changes
            for numbers in holes(store, day.first_sequence, day.last_sequence):
                reading = durable_pb2.ReadRangeRequest(
                    name=name, first_sequence=numbers[0], last_sequence=numbers[1]
                )
                for part in stub.ReadRange(reading):
                    keep(store, part.deliveries)
            healed = store.total_changes - before
        equal = digest(store, day.day) == told
        good = good and equal
        verdict = "equal" if equal else "DIFFERS"
        print(f"{day.day} count={day.count} digest={day.digest} healed={healed} {verdict}")
    return good


def holes(store: sqlite3.Connection, first: int, last: int):
    """Ranges of numbers from `first` to `last` that are not kept, at most 1,000,000 long each."""
    kept = store.execute(
        "SELECT sequence FROM events WHERE sequence BETWEEN ? AND ? ORDER BY 1", (first, last)
    )
    for sequence in [row[0] for row in kept] + [last + 1]:
        while first < sequence:
            end = min(sequence - 1, first + 999_999)
            yield first, end
            first = end + 1
        first = sequence + 1
