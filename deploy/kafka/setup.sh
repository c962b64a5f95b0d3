#!/usr/bin/env bash
# Installs what a real Kafka and its peers in Java need here, if it is missing: a JDK 17 or later,
# Maven and kcat (Debian packages), and Kafka's jars (Maven Central, once).
# Exit codes: 0 all is there; 3 it cannot be had on this machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

missing=()
# No javac, or one before 17, whose version would not parse as 17 to 99.
javac -version 2>&1 | grep -qE '^javac (1[7-9]|[2-9][0-9])' || missing+=(default-jdk-headless)
command -v mvn >/dev/null || missing+=(maven)
command -v kcat >/dev/null || missing+=(kcat)
if [ ${#missing[@]} -gt 0 ]; then
  "$here/../setup.sh" "${missing[@]}" || {
    echo "setup: no Kafka here, because ${missing[*]} cannot be installed" >&2
    exit 3
  }
fi
"$here/kafka.sh" resolve || exit 3
