"""Turns every query of the dashboards into a rule, so that `promtool check rules` parses it, and fails
on what no schema sees: a panel without words, queries or a known variable, and panels that overlap.

Usage: panels.py DASHBOARD.json ... > RULES.yml
"""

import json
import pathlib
import re
import sys

# What Grafana puts in the place of its variables.
BUILT_IN = {"__rate_interval": "1m", "__interval": "15s", "__range": "1h"}


def fail(where: str, what: str) -> None:
    sys.exit(f"{where}: {what}")


def rule(dashboard: dict, panel: dict, query: dict, where: str) -> str:
    known = BUILT_IN | {v["name"]: "x" for v in dashboard["templating"]["list"]}
    expression = query["expr"]
    for name in re.findall(r"\$\{?(\w+)", expression):
        if name not in known:
            fail(where, f"the variable ${name} is not known")
        expression = re.sub(rf"\$\{{?{name}\}}?", known[name], expression)
    name = f"panel:{dashboard['uid'].replace('-', '_')}:{panel['id']}_{query['refId']}"
    return f"      - record: {name}\n        expr: {json.dumps(expression)}\n"


def check_layout(panels: list, where: str) -> None:
    taken = {}
    for panel in panels:
        at = panel["gridPos"]
        if at["x"] + at["w"] > 24:
            fail(where, f"panel {panel['title']!r} is wider than the screen")
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    fail(where, f"panels {other!r} and {panel['title']!r} overlap")


def main() -> None:
    uids = set()
    print("groups:\n  - name: panels\n    rules:")
    for path in map(pathlib.Path, sys.argv[1:]):
        dashboard = json.loads(path.read_text("utf-8"))
        if dashboard["uid"] in uids or len(dashboard["uid"]) > 40:
            fail(path.name, "its uid is not its own, or longer than 40 characters")
        uids.add(dashboard["uid"])
        panels = dashboard["panels"]
        if len({p["id"] for p in panels}) != len(panels):
            fail(path.name, "two panels have one id")
        check_layout(panels, path.name)
        for panel in panels:
            where = f"{path.name}, panel {panel['title']!r}"
            if not panel["title"] or not panel["targets"]:
                fail(where, "it has no title or no query")
            if panel["datasource"]["uid"] != "${datasource}":
                fail(where, "it does not ask the dashboard's data source")
            for query in panel["targets"]:
                sys.stdout.write(rule(dashboard, panel, query, where))


main()
