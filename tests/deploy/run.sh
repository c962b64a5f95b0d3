#!/usr/bin/env bash
# `make deploy-check`: everything under deploy/ by its own linter. What only a running hub shows is in
# the test `deploy` of this folder.
# Exit codes: 0 all is well; 1 a fault; 3 the linters cannot be had on this machine.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/deploy
tools=$root/target/deploy-tools
deploy=$root/deploy
"$here/tools.sh" || exit 3
promtool=$tools/prometheus/usr/bin/promtool
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Says what is checked; shows what the linter said only if it found a fault.
check() {
  local what=$1
  shift
  if "$@" >"$work/said" 2>&1; then
    echo "deploy-check: $what"
  else
    cat "$work/said" >&2
    echo "deploy-check: FAILED: $what" >&2
    exit 1
  fi
}

# Fails if the linter does not fail: it looks at what it is given.
check_refuses() {
  local what=$1
  shift
  if "$@" >"$work/said" 2>&1; then
    echo "deploy-check: FAILED: $what was not found" >&2
    exit 1
  fi
}

check "YAML" "$tools/venv/bin/yamllint" --strict -c "$here/yamllint.yaml" \
  "$deploy/prometheus" "$deploy/grafana" "$deploy/otel" "$deploy/compose"

check "Prometheus: configuration and rules" "$promtool" check config "$deploy/prometheus/prometheus.yml"
check "Prometheus: rules that fire and do not fire" "$promtool" test rules "$deploy"/prometheus/tests/*.yml

python3 "$here/panels.py" "$deploy"/grafana/dashboards/*.json >"$work/panels.yml"
check "Grafana: $(grep -c record "$work/panels.yml") queries of panels" "$promtool" check rules "$work/panels.yml"
sed 's/sum by (/sum bye (/' "$work/panels.yml" >"$work/wrong.yml"
check_refuses "a query that is none" "$promtool" check rules "$work/wrong.yml"

# A dashboard as a constant of the type that Grafana publishes: unknown fields and values are errors.
typed() {
  cat <<'TYPES'
import type { Dashboard } from "@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen";
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
TYPES
  printf 'export const dashboard: Plain<Dashboard> = '
  cat "$1"
}
types() {
  (cd "$tools/npm" && node_modules/.bin/tsc --noEmit --strict --skipLibCheck --target es2022 \
    --module nodenext --moduleResolution nodenext "$@")
}
typescript=$tools/npm/dashboards
rm -rf "$typescript"
mkdir -p "$typescript"
for dashboard in "$deploy"/grafana/dashboards/*.json; do
  typed "$dashboard" >"$typescript/$(basename "$dashboard" .json).ts"
done
check "Grafana: dashboards against its schema" types "$typescript"/*.ts
sed 's/"palette-classic"/"rainbow"/' "$typescript/views.ts" >"$typescript/wrong.ts"
check_refuses "a colour that Grafana does not know" types "$typescript/wrong.ts"
rm "$typescript/wrong.ts"

check "Collector: its own validate" "$tools/go/otelcol/otelcol-check" validate --config "$deploy/otel/collector.yaml"
sed 's/processors: \[memory_limiter/processors: [memory_limitter/' "$deploy/otel/collector.yaml" >"$work/wrong.yaml"
check_refuses "a processor that there is not" "$tools/go/otelcol/otelcol-check" validate --config "$work/wrong.yaml"

check "Compose: schema" "$tools/venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$deploy/compose/compose.yaml"
check "Compose: as docker compose loads it" "$tools/go/compose-config" "$deploy/compose/compose.yaml"
check "Containerfile" "$tools/venv/bin/hadolint" --strict-labels "$deploy/compose/Containerfile"

# Units are looked at in a root of their own, with something in the place of the binary.
units=$work/root
mkdir -p "$units/etc/systemd/system" "$units/usr/bin" "$units/usr/lib/systemd"
cp -r "$deploy"/systemd/*.service "$deploy"/systemd/*.d "$units/etc/systemd/system/"
cp -r /lib/systemd/system "$units/usr/lib/systemd/"
install -m 755 /bin/true "$units/usr/bin/lienthong"
names=(lienthong-up.service lienthong-adapter@onestop.service lienthong-projector@1.service lienthong-gateway.service)
check "systemd: verify" systemd-analyze verify --root="$units" --man=no "${names[@]}"
if [ -s "$work/said" ]; then
  cat "$work/said" >&2
  echo "deploy-check: FAILED: systemd-analyze has remarks" >&2
  exit 1
fi
for name in "${names[@]}"; do
  # In tenths: 1.5 of 10, where 0 is no exposure.
  check "systemd: exposure of $name at most 1.5" \
    systemd-analyze security --root="$units" --offline=true --threshold=15 --no-pager "$name"
done
check "systemd: user" systemd-sysusers --dry-run "$deploy/systemd/lienthong.sysusers"
echo "deploy-check: all is well"
