#!/usr/bin/env bash
# generate.sh BOOTSTRAP TOPIC CASES SEED: fills a topic, a new one or one that the hub made, with events as the hub would write them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -eq 4 ] || { sed -n '2s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
class_path=$("$here/build.sh")
exec java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$class_path" vn.lienthong.peers.streams.Generate "$@"
