"""Follows the hub's events and keeps its own place.

Events and the token that resumes after them go into SQLite in one transaction, so that whenever
this program or the hub is killed, the next start goes on with exactly what is missing.
"""

import sqlite3
import sys
import time

import grpc

import gateway
from lienthong.subscription.v1 import stream_pb2, subscription_pb2_grpc

TABLES = """
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of arrival
  source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, partition_key TEXT NOT NULL,
  event BLOB NOT NULL,                       -- lienthong.event.v1.Event
  UNIQUE (source, id)                        -- what identifies an event
);
CREATE TABLE IF NOT EXISTS place (only INTEGER PRIMARY KEY CHECK (only = 1), token TEXT NOT NULL);
"""


def keep(store: sqlite3.Connection, deliveries, token: str) -> None:
    """Events and the place after them, together or not at all. A repeat changes nothing."""
    with store:
        store.executemany(
            "INSERT OR IGNORE INTO events (source, id, type, partition_key, event)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                (
                    delivery.event.header.source,
                    delivery.event.header.id,
                    delivery.type,
                    delivery.partition_key,
                    delivery.event.SerializeToString(),
                )
                for delivery in deliveries
            ),
        )
        store.execute("INSERT OR REPLACE INTO place VALUES (1, ?)", (token,))


def request(store: sqlite3.Connection, given) -> stream_pb2.SubscribeRequest:
    """Resumes at the place kept; the first time begins with the first event there is."""
    place = store.execute("SELECT token FROM place").fetchone()
    if place:
        start = stream_pb2.Start(token=place[0])
    else:
        start = stream_pb2.Start(beginning=stream_pb2.Beginning())
    return stream_pb2.SubscribeRequest(
        start=start,
        filters=gateway.filters(given.filter),
        until_caught_up=given.stop_after_caught_up,
    )


def follow(channel: grpc.Channel, store: sqlite3.Connection, given):
    """One stream to its end. Gives why the hub ended it."""
    stub = subscription_pb2_grpc.SubscriptionsStub(channel)
    for message in stub.Subscribe(request(store, given)):
        what = message.WhichOneof("message")
        if what == "events":
            keep(store, message.events.deliveries, message.events.token)
        elif what in ("checkpoint", "caught_up", "fell_behind", "going_away"):
            # Nothing fitted up to there, or the hub tells how far the stream is.
            keep(store, [], getattr(message, what).token)
        if what == "going_away":
            return message.going_away.why
    return stream_pb2.GoingAway.WHY_UNSPECIFIED


def main() -> None:
    parser = gateway.arguments(__doc__.splitlines()[0])
    parser.add_argument(
        "--stop-after-caught-up",
        action="store_true",
        help="end once everything recorded until now was told",
    )
    given = parser.parse_args()
    store = sqlite3.connect(given.store)
    store.executescript(TABLES)
    failures = 0
    while True:
        began = time.monotonic()
        try:
            with gateway.connect(given.gateway, failures) as channel:
                why = follow(channel, store, given)
            if why == stream_pb2.GoingAway.WHY_CAUGHT_UP:
                break
            failures = 0
            time.sleep(0.2)
        except grpc.RpcError as error:
            failures = gateway.pause_after(error, failures, began)
    count = store.execute("SELECT count(*) FROM events").fetchone()[0]
    print(f"{count} events in {given.store}", file=sys.stderr)


if __name__ == "__main__":
    main()
