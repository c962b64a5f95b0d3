#!/usr/bin/env bash
# Builds the examples as their READMEs say, in copies under target/examples, and installs what that
# needs and is missing (Debian packages): Python with venv, a JDK 17 or later with Maven, Node.js 18
# or later with npm; and what the tests run beside them: curl, Chromium and its driver.
# What is built already stays. Exit codes: 0 all is there; 3 it cannot be had on this machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
built=$root/target/examples

missing=()
python3 -c 'import sys, venv, ensurepip, sqlite3; assert sys.version_info >= (3, 10)' 2>/dev/null ||
  missing+=(python3 python3-venv)
# No javac, or one before 17, whose version would not parse as 17 to 99.
javac -version 2>&1 | grep -qE '^javac (1[7-9]|[2-9][0-9])' || missing+=(default-jdk-headless)
command -v mvn >/dev/null || missing+=(maven)
node --version 2>/dev/null | grep -qE '^v(1[89]|[2-9][0-9])\.' || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v curl >/dev/null || missing+=(curl)
command -v chromium >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
if [ ${#missing[@]} -gt 0 ]; then
  "$here/../setup.sh" "${missing[@]}" || {
    echo "setup: no examples here, because ${missing[*]} cannot be installed" >&2
    exit 3
  }
fi

# What a build depends on: sources, contract, tools, and where it lies.
inputs_of() {
  { find "$root/proto" "$here/$1" \
      \( -name .venv -o -name node_modules -o -name target -o -name dist -o -name generated \
      -o -name __pycache__ -o -path "$here/python/lienthong" \) -prune -o -type f -print0 |
      sort -z | xargs -0 sha256sum
    sha256sum "$here/setup.sh"; python3 --version; javac -version; node --version; echo "$built"
  } | sha256sum
}

# Runs `build_NAME` in a copy of the folder, unless it was built from the same inputs.
example() {
  local folder=$1 copy=$built/$1 inputs
  inputs=$(inputs_of "$folder")
  [ "$(cat "$copy/.built" 2>/dev/null)" != "$inputs" ] || return 0
  echo "setup: building the example $folder"
  mkdir -p "$copy"
  rm -rf "$copy/.built" "$copy/src" "$copy/dist"
  tar -C "$here/$folder" --exclude=.venv --exclude=node_modules --exclude=./target --exclude=./dist \
    --exclude=generated --exclude=__pycache__ --exclude=./lienthong -cf - . | tar -C "$copy" -xf -
  (cd "$copy" && "build_${folder//\//_}") || {
    echo "setup: the example $folder was not built" >&2
    exit 3
  }
  echo "$inputs" >"$copy/.built"
}

build_python() {
  python3 -m venv --clear .venv || return
  .venv/bin/pip install -q --disable-pip-version-check -r requirements.txt || return
  .venv/bin/python -m grpc_tools.protoc -I ../../../proto --python_out=. --grpc_python_out=. \
    ../../../proto/lienthong/event/v1/*.proto ../../../proto/lienthong/subscription/v1/*.proto ../../../proto/lienthong/operations/v1/lag.proto
}
build_java() {
  mvn -B -q -ntp compile
}
build_typescript() {
  npm ci --silent --no-audit --no-fund && npm run --silent build
}
build_webhook_python() {
  python3 -m venv --clear .venv || return
  .venv/bin/pip install -q --disable-pip-version-check -r requirements.txt
}
build_webhook_javascript() {
  npm ci --silent --no-audit --no-fund
}

for folder in python java typescript webhook/python webhook/javascript; do
  example "$folder"
done
