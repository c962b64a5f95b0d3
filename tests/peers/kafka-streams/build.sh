#!/usr/bin/env bash
# Builds the peer and runs its tests, offline if all is there, and prints its class path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
built=../../../target/peers/kafka-streams
mvn -B -q -o -f pom.xml test >/dev/null 2>&1 || mvn -B -q -ntp -f pom.xml test >&2
built=$(cd "$built" && pwd)
echo "$built/classes:$built/lib/*"
