"""Takes part in a durable subscription, whose place the hub keeps.

An event is acknowledged once it is in SQLite under its sequence number. Numbers have no gaps; at
the end the hub's manifest of every day proves that all is here, and what is not is read again.
"""

import queue
import sqlite3
import sys
import time

import grpc

import gateway
import manifest
from lienthong.subscription.v1 import durable_pb2, stream_pb2, subscription_pb2_grpc

TABLES = """
CREATE TABLE IF NOT EXISTS events (
  sequence INTEGER PRIMARY KEY,  -- a number stands for one event for ever
  day TEXT NOT NULL,             -- in whose manifest it counts
  source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, partition_key TEXT NOT NULL,
  event BLOB NOT NULL            -- lienthong.event.v1.Event
);
"""


def keep(store: sqlite3.Connection, deliveries) -> None:
    """All or none. What was handed out before changes nothing."""
    with store:
        store.executemany(
            "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    delivery.sequence,
                    delivery.day,
                    delivery.event.header.source,
                    delivery.event.header.id,
                    delivery.type,
                    delivery.partition_key,
                    delivery.event.SerializeToString(),
                )
                for delivery in deliveries
            ),
        )


def has_all(store: sqlite3.Connection, until: int) -> bool:
    """Whether every sequence number from 1 to `until` is kept."""
    if until == 0:
        return False
    counted = store.execute("SELECT count(*) FROM events WHERE sequence <= ?", (until,))
    return counted.fetchone()[0] == until


def consume(stub, store: sqlite3.Connection, given) -> bool:
    """One stream to its end. Tells whether everything wanted is kept and acknowledged."""
    answers: queue.SimpleQueue = queue.SimpleQueue()
    opening = durable_pb2.Open(name=given.name, consumer=given.consumer, heartbeat_s=5)
    answers.put(durable_pb2.ConsumeRequest(open=opening))
    stream = stub.Consume(iter(answers.get, None))
    try:
        for message in stream:
            what = message.WhichOneof("message")
            if what == "handed":
                keep(store, message.handed.deliveries)
                # Only now: what is acknowledged is not told again.
                done = [
                    durable_pb2.Receipt(sequence=told.sequence, attempt=told.attempt)
                    for told in message.handed.deliveries
                ]
                acknowledged = durable_pb2.Acknowledgements(done=done)
                answers.put(durable_pb2.ConsumeRequest(acknowledgements=acknowledged))
            elif what == "going_away":
                if message.going_away.why == stream_pb2.GoingAway.WHY_ENDED:
                    sys.exit("the subscription was deleted, or another has this consumer's name")
                return False
            # Late, withdrawn and heartbeats need no answer: what is kept stays kept.
            if has_all(store, given.until_sequence):
                return settled(stub, given)
        return False
    finally:
        answers.put(None)
        stream.cancel()


def settled(stub, given) -> bool:
    """Waits until the hub recorded the acknowledgements, or a while."""
    for _ in range(100):
        asked = stub.GetSubscription(durable_pb2.GetSubscriptionRequest(name=given.name))
        if asked.status.settled_sequence >= given.until_sequence:
            return True
        time.sleep(0.1)
    return False


def create(stub, given) -> None:
    """Makes the subscription from the first event on. Made before with the same content: no error."""
    wanted = durable_pb2.Subscription(
        name=given.name,
        filters=gateway.filters(given.filter),
        handling=durable_pb2.Handling(ack_timeout_s=given.ack_timeout),
    )
    start = stream_pb2.Start(beginning=stream_pb2.Beginning())
    stub.CreateSubscription(
        durable_pb2.CreateSubscriptionRequest(subscription=wanted, start=start)
    )


def main() -> None:
    parser = gateway.arguments(__doc__.splitlines()[0])
    parser.add_argument("--name", required=True, help="the durable subscription")
    parser.add_argument("--consumer", default="", help="this consumer's own name")
    parser.add_argument("--create", action="store_true", help="make it first, if it is not there")
    parser.add_argument("--ack-timeout", type=int, default=0, help="seconds, when it is made")
    parser.add_argument(
        "--until-sequence", type=int, default=0, help="end once 1 to this are kept; 0: never"
    )
    parser.add_argument("--check-only", action="store_true", help="compare manifests and heal")
    given = parser.parse_args()
    store = sqlite3.connect(given.store)
    store.executescript(TABLES)
    failures, made, done = 0, not given.create, given.check_only
    while True:
        began = time.monotonic()
        try:
            with gateway.connect(given.gateway, failures) as channel:
                stub = subscription_pb2_grpc.SubscriptionsStub(channel)
                if not made:
                    create(stub, given)
                    made = True
                done = done or consume(stub, store, given)
                if done:
                    sys.exit(0 if manifest.check(stub, store, given.name, keep) else 1)
            failures = 0
            time.sleep(0.2)
        except grpc.RpcError as error:
            failures = gateway.pause_after(error, failures, began)


if __name__ == "__main__":
    main()
