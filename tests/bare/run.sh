#!/usr/bin/env bash
# Proves the two commands on a bare Debian 12: a fresh debootstrap folder with make, the
# host's Rust toolchain and a clean clone, nothing else. Needs root and debootstrap.
# Usage: tests/bare/run.sh FOLDER [MIRROR]; FOLDER must not exist and may be deleted after.
set -euo pipefail

folder=${1:?usage: tests/bare/run.sh FOLDER [MIRROR]}
mirror=${2:-http://deb.debian.org/debian}
root=$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)
[ -e "$folder" ] && { echo "bare: $folder exists. Fix: name a folder that does not." >&2; exit 1; }

debootstrap --variant=minbase --include=make,ca-certificates bookworm "$folder" "$mirror"
mkdir -p "$folder/opt/rust" "$folder/src"
cp -a "$(rustc --print sysroot)/." "$folder/opt/rust/"
# Whom this machine trusts beyond Debian's own list, in the form that Java's packages take it from, too.
cp -a /usr/local/share/ca-certificates/. "$folder/usr/local/share/ca-certificates/"
chroot "$folder" update-ca-certificates >/dev/null
cp -L /etc/resolv.conf "$folder/etc/resolv.conf"
git clone --quiet "$root" "$folder/src/lienthong"
if [ -d "$root/../shared" ]; then cp -a "$root/../shared" "$folder/src/shared"; fi
for mount in proc dev sys; do mount --rbind "/$mount" "$folder/$mount"; mount --make-rslave "$folder/$mount"; done
trap 'for mount in proc dev sys; do umount -l "$folder/$mount"; done' EXIT

inside() {
  chroot "$folder" /usr/bin/env -i HOME=/root TERM=dumb LANG=C.UTF-8 CI="${CI:-}" \
    PATH=/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    bash -euo pipefail -c "cd /src/lienthong && $1"
}
packages() { chroot "$folder" dpkg-query -W -f '${Package}\n' | sort; }

packages > "$folder/packages.before"
echo "bare: make run, drained by SIGINT 40 s after it serves"
started=$SECONDS
inside 'set -m; make run ARGS="--addresses-file /tmp/addresses.json" > /tmp/run.log 2>&1 & run=$!
  until [ -s /tmp/addresses.json ]; do kill -0 $run || { cat /tmp/run.log; exit 1; }; sleep 1; done
  sleep 40; kill -INT -- -$run; wait $run || true # make itself ends by the interrupt
  grep "^Drained" /tmp/run.log'
echo "bare: make run took $((SECONDS - started)) s"
tail -60 "$folder/tmp/run.log"
started=$SECONDS
inside 'make test'
echo "bare: make test took $((SECONDS - started)) s"
packages > "$folder/packages.after"
echo "bare: installed by the project's scripts:"
comm -13 "$folder/packages.before" "$folder/packages.after"
