#!/usr/bin/env bash
# run.sh BOOTSTRAP TOPIC OUT.json [HUB.json]: the peer on a topic, from nothing to the topic's end.
# OUT.json: the answer. OUT.figures.json: the figures, which are printed too. HUB.json: the hub's
# answer, to be compared with.
# PEER_HEAP: the most heap of the Java process (default 384m). PEER_BOUND: seconds each part may take
# (default 3600). PEER_REST: seconds from an answer to the kill -9 (default 12: one commit).
# Exit codes: 0 done; 1 failed, or an answer differs; 2 wrong arguments.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -eq 3 ] || [ $# -eq 4 ] || { sed -n '2,7s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
bootstrap=$1 topic=$2 out=$3 hub=${4:-}
figures=${out%.json}.figures.json
bound=${PEER_BOUND:-3600}
class_path=$("$here/build.sh")
work=$(mktemp -d "$here/../../../target/peers/run.XXXXXX")
application=peer-streams-${work##*.}
application=${application,,}
pid=

peer=(
  java -Xms64m "-Xmx${PEER_HEAP:-384m}" -XX:+UseParallelGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
  -cp "$class_path" vn.lienthong.peers.streams.Projection
)

finish() {
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
  "${peer[@]}" "$bootstrap" "$application" --forget 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Runs the peer until NAME.json has its answer and NAME.figures what it cost; then kills it.
part() {
  local name=$1 deadline=$((SECONDS + bound)) began
  began=$(date +%s%N)
  "${peer[@]}" "$bootstrap" "$topic" "$application" "$work/state" "$work/$name.json" >"$work/$name.figures" 2>"$work/$name.log" &
  pid=$!
  until [ -e "$work/$name.json" ]; do
    if ! kill -0 $pid 2>/dev/null || [ $SECONDS -ge $deadline ]; then
      tail -n 30 "$work/$name.log" >&2
      echo "peer: no answer in part $name" >&2
      exit 1
    fi
    sleep 0.05
  done
  seconds=$(awk -v from="$began" -v to="$(date +%s%N)" 'BEGIN { printf "%.3f", (to - from) / 1e9 }')
  until grep -q '}' "$work/$name.figures"; do sleep 0.05; done
  sleep "${PEER_REST:-12}"
  kill -KILL $pid
  wait $pid 2>/dev/null || true
  pid=
}

same() {
  cmp -s "$work/rebuild.json" "$work/$1.json" || { echo "peer: the answer of part $1 differs" >&2; exit 1; }
}

part rebuild
rebuild_seconds=$seconds
part killed
killed_seconds=$seconds
same killed
rm -rf "$work/state"
part lost
lost_seconds=$seconds
same lost

cp "$work/rebuild.json" "$out"
cat >"$figures" <<JSON
{
  "rebuild": $(cat "$work/rebuild.figures"),
  "rebuild_seconds": $rebuild_seconds,
  "after_kill_seconds": $killed_seconds,
  "after_kill": $(cat "$work/killed.figures"),
  "after_kill_without_state_seconds": $lost_seconds,
  "after_kill_without_state": $(cat "$work/lost.figures")
}
JSON
field() { sed -E "s/.*\"$2\": ([0-9.]+).*/\1/" "$work/$1.figures"; }
cat <<TABLE
Kafka Streams on $topic: $(field rebuild records) records
  rebuild from nothing            $rebuild_seconds s, of it consuming $(field rebuild seconds_consuming) s
  rate                            $(field rebuild records_per_second) records/s, $(field rebuild cpu_seconds) s of CPU
  peak memory (VmHWM)             $(($(field rebuild peak_rss_kib) / 1024)) MiB
  first correct answer after kill -9
    with its local state          $killed_seconds s
    without it, from the changelog $lost_seconds s, peak $(($(field lost peak_rss_kib) / 1024)) MiB
  links, unreadable records       $(field rebuild links), $(field rebuild unreadable) (both 0: the answer is the hub's too)
TABLE
if [ -n "$hub" ]; then
  java -cp "$class_path" vn.lienthong.peers.streams.Compare "$out" "$hub" || { echo "peer: the hub's answer differs" >&2; exit 1; }
  echo "  the hub's answer                identical"
fi
