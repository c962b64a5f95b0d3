"""An exporter that estimates lag in seconds by interpolation, as published exporters do.

The method, as its authors describe it: poll the log's end of every partition and keep a table of
points (time of the poll, end offset), at most 60; look up between which two points a group's
committed offset lies and interpolate linearly when it was the end; outside of the table extrapolate
along the line from its first to its last point; the lag is the time of the last poll minus that
moment. A group that stands at the last point has no lag. Fewer than two points: not known. While
the end stands still its last point is moved on instead of adding one.

    exporter.py BOOTSTRAP TOPIC INTERVAL[,INTERVAL] GROUP[,GROUP]

Prints a line of JSON for every interval, group and partition whenever it polls, until it is ended:
atMs, interval (seconds), group, partition, committed and end (offsets), lagSeconds; null where not
known.
"""

import json
import sys
import time
from collections import deque

SIZE = 60


class Table:
    """When which offset was the log's end, by the polls."""

    def __init__(self):
        self.points = deque()

    def add(self, at, end):
        points = self.points
        if points and (at <= points[-1][0] or end < points[-1][1]):
            return
        if len(points) > 1 and points[-1][1] == end == points[-2][1]:
            points[-1] = (at, end)
            return
        if len(points) == SIZE:
            points.popleft()
        points.append((at, end))

    def lag(self, committed):
        """Seconds behind the last poll; None: not known."""
        points = self.points
        if points and points[-1][1] == committed:
            return 0.0
        if len(points) < 2:
            return None
        left, right = points[0], points[-1]
        for newer in range(len(points) - 1, 0, -1):
            if points[newer - 1][1] <= committed <= points[newer][1]:
                left, right = points[newer - 1], points[newer]
                break
        if right[1] == left[1]:
            return None
        slope = (right[0] - left[0]) / (right[1] - left[1])
        was_end_at = right[0] - (right[1] - committed) * slope
        return max(points[-1][0] - was_end_at, 0.0)


def main(bootstrap, topic, intervals, groups):
    from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
    from confluent_kafka.admin import AdminClient, OffsetSpec

    admin = AdminClient({"bootstrap.servers": bootstrap})
    partitions = sorted(admin.list_topics(topic, timeout=10).topics[topic].partitions)
    tables = {(interval, p): Table() for interval in intervals for p in partitions}
    began = time.time()
    due = {interval: began for interval in intervals}
    while True:
        now = time.time()
        polled = [interval for interval in intervals if due[interval] <= now]
        wanted = {TopicPartition(topic, p): OffsetSpec.latest() for p in partitions}
        ends = {}
        for place, future in admin.list_offsets(wanted).items():
            ends[place.partition] = future.result().offset
        at = time.time()
        committed = {}
        for group in groups:
            asked = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, p) for p in partitions])]
            for future in admin.list_consumer_group_offsets(asked).values():
                for place in future.result().topic_partitions:
                    committed[group, place.partition] = place.offset if place.offset >= 0 else None
        for interval in polled:
            due[interval] += interval
            for p in partitions:
                tables[interval, p].add(at, ends[p])
            for (group, p), offset in committed.items():
                lag = None if offset is None else tables[interval, p].lag(offset)
                line = {"atMs": time.time() * 1e3, "interval": interval, "group": group, "partition": p,
                        "committed": offset, "end": ends[p], "lagSeconds": lag}
                print(json.dumps(line), flush=True)
        time.sleep(max(min(due.values()) - time.time(), 0.0))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: exporter.py BOOTSTRAP TOPIC INTERVAL[,INTERVAL] GROUP[,GROUP]")
    main(sys.argv[1], sys.argv[2], [float(text) for text in sys.argv[3].split(",")], sys.argv[4].split(","))
