"""What both programs need to reach a gateway of the hub: arguments, connection, back-off."""

import argparse
import os
import random
import sys
import time

import grpc

from lienthong.subscription.v1 import filter_pb2

# The call is wrong or the place is gone: trying again would not help. All else passes: a gateway
# restarts, the network breaks, the subscription moves to another gateway.
PERMANENT = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
}


def arguments(about: str) -> argparse.ArgumentParser:
    """The arguments that both programs take."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--gateway",
        default=os.environ.get("LIENTHONG_GATEWAY", "127.0.0.1:7420"),
        help="host:port of a gateway, or several separated by commas (LIENTHONG_GATEWAY)",
    )
    parser.add_argument("--store", required=True, help="SQLite file that keeps what arrived")
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="ATTRIBUTE=VALUE",
        help="only events whose attribute has this value; VALUE* for a prefix; all must hold",
    )
    return parser


def filters(texts: list[str]) -> list[filter_pb2.Filter]:
    """`type=vn.lienthong.dossier.received.v1` or `agency=H56*` as filters; all must hold."""
    made = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            sys.exit(f"--filter {text}: write ATTRIBUTE=VALUE")
        if value.endswith("*"):
            prefix = filter_pb2.Attributes(values={name: value[:-1]})
            made.append(filter_pb2.Filter(prefix=prefix))
        else:
            made.append(filter_pb2.Filter(exact=filter_pb2.Attributes(values={name: value})))
    return made


def connect(addresses: str, attempt: int) -> grpc.Channel:
    """A channel to the next of the gateways. Pings find a connection that died silently."""
    choices = addresses.split(",")
    return grpc.insecure_channel(
        choices[attempt % len(choices)],
        options=[("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 10_000)],
    )


def pause_after(error: grpc.RpcError, failures: int, began: float) -> int:
    """Waits 0.2 to 10 s, growing, and at random; ends the program where waiting does not help.

    Gives the number of failures in a row; a stream that lasted half a minute was none.
    """
    if error.code() in PERMANENT:
        sys.exit(f"{error.code().name}: {error.details()}")
    failures = 1 if time.monotonic() - began > 30 else failures + 1
    pause = min(10.0, 0.2 * 2 ** min(failures, 6)) * random.uniform(0.5, 1.0)
    print(f"{error.code().name}: {error.details()}; again in {pause:.1f} s", file=sys.stderr)
    time.sleep(pause)
    return failures
