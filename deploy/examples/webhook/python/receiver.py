"""Takes events by webhook: checks the signature, stores, then acknowledges with 204.

The secret is told when the subscription is made, which is after the hub asked this endpoint whether
it wants events; until the file of the secret is there, only that question is answered. The file may
hold several secrets, one a line: the old and the new while one is rotated.
"""

import argparse
import json
import pathlib
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

VALIDATION = "vn.lienthong.subscription.validation.v1"
TABLES = """
CREATE TABLE IF NOT EXISTS events (
  webhook_id TEXT PRIMARY KEY,  -- the same when an event is sent again
  sequence INTEGER NOT NULL,    -- without gaps
  day TEXT NOT NULL,            -- in whose manifest it counts
  source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, partition_key TEXT NOT NULL,
  event TEXT NOT NULL
)
"""


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.server.gone:
            return self.answer(410)  # the hub disables the subscription
        try:
            event = self.verified(body)
        except WebhookVerificationError:
            return self.answer(401)
        except ValueError:
            return self.answer(400)
        if event is None:
            return self.answer(503)
        if event["type"] == VALIDATION:
            challenge = {"challenge": event["data"]["challenge"]}
            return self.answer(200, json.dumps(challenge).encode())
        self.server.keep(self.headers["webhook-id"], event, body)
        self.answer(204)  # only now: what is acknowledged is not sent again

    def verified(self, body: bytes):
        """The event, if a secret signed it; without any secret yet only the hub's question."""
        secrets = self.server.secrets()
        if not secrets:
            event = json.loads(body)
            return event if event["type"] == VALIDATION else None
        for number, secret in enumerate(secrets, start=1):
            try:
                return Webhook(secret).verify(body, dict(self.headers))
            except WebhookVerificationError:
                if number == len(secrets):
                    raise

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Not a line for each request."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, given) -> None:
        super().__init__(("127.0.0.1", given.port), Receiver)
        self.gone = given.gone
        self.secret_file = pathlib.Path(given.secret_file)
        self.lock = threading.Lock()
        self.store = sqlite3.connect(given.store, check_same_thread=False)
        self.store.execute(TABLES)

    def secrets(self) -> list[str]:
        try:
            return self.secret_file.read_text().split()
        except FileNotFoundError:
            return []

    def keep(self, webhook_id: str, event: dict, body: bytes) -> None:
        row = (
            webhook_id,
            int(event["subscriptionsequence"]),
            event["manifestday"],
            event["source"],
            event["id"],
            event["type"],
            event["partitionkey"],
            body.decode(),
        )
        with self.lock, self.store:
            insert = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            self.store.execute(insert, row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8080, help="on loopback; 0: a free one")
    parser.add_argument("--secret-file", required=True, help="whsec_..., one a line")
    parser.add_argument("--store", required=True, help="SQLite file that keeps what arrived")
    parser.add_argument("--gone", action="store_true", help="want no events any more")
    server = Server(parser.parse_args())
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
