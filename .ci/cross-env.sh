#!/usr/bin/env bash
# A Debian chroot whose toolchain reaches the targets that a plain `rustup` host toolchain lacks, and
# the emulators that run them: aarch64-unknown-linux-gnu (qemu-aarch64), wasm32-unknown-unknown,
# wasm32-wasip1, and bare-metal thumbv7em-none-eabihf (core built from rust-src, qemu-system-arm).
#
#   cross-env.sh setup                 build the chroot (about a minute; nothing to do when it is there)
#   cross-env.sh available             whether this machine can have one (root on Debian or Ubuntu)
#   cross-env.sh run DIR COMMAND...    run COMMAND in DIR, which is /src inside
#
# Inside, cargo builds into DIR/target/cross, and `cargo test --target aarch64-unknown-linux-gnu` runs
# under QEMU. QEMU_CPU picks the core: cortex-a53 (NEON), cortex-a76 (and dotprod), max. RUSTFLAGS and
# RUSTC_BOOTSTRAP are handed on. CROSS_ROOT says where the chroot lies.
set -euo pipefail
ROOT=${CROSS_ROOT:-/opt/cross-env}
SUITE=${CROSS_SUITE:-forky}
PACKAGES="rustc cargo rust-src libstd-rust-dev:arm64 libstd-rust-dev-wasm32 lld gcc-aarch64-linux-gnu \
libc6-dev:arm64 qemu-user qemu-system-arm nodejs ca-certificates"

available() {
  [ "$(uname -s)" = Linux ] && [ "$(uname -m)" = x86_64 ] && [ "$(id -u)" = 0 ] &&
    command -v apt-get >/dev/null && unshare --mount true 2>/dev/null
}

setup() {
  local mirror scripts=/usr/share/debootstrap/scripts
  [ "$(cat "$ROOT/.packages" 2>/dev/null)" = "$PACKAGES" ] && return
  available || { echo "cross-env.sh: a chroot needs root on Debian or Ubuntu, x86-64" >&2; return 1; }
  if [ ! -e "$ROOT/.ready" ]; then
    command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq debootstrap; }
    [ -e "$scripts/$SUITE" ] || ln -s sid "$scripts/$SUITE"
    mirror=$(grep -rhoE '^(URIs:|deb) +[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
      awk 'NR == 1 { print $2 }' || true)
    mirror=${mirror:-http://deb.debian.org/debian}
    rm -rf "$ROOT"
    # What a crash would lose is built again: no waiting for the disk after each file.
    mkdir -p "$ROOT/etc/dpkg/dpkg.cfg.d"
    echo force-unsafe-io >"$ROOT/etc/dpkg/dpkg.cfg.d/unsafe-io"
    debootstrap --variant=minbase --no-check-gpg "$SUITE" "$ROOT" "$mirror"
    echo "deb [trusted=yes] $mirror $SUITE main" >"$ROOT/etc/apt/sources.list"
    echo 'Acquire::Check-Valid-Until "false";' >"$ROOT/etc/apt/apt.conf.d/99-old-release"
  fi
  inside "set -e; dpkg --add-architecture arm64; apt-get update -qq
    apt-get install -y -qq --no-install-recommends $PACKAGES
    apt-get install -y -qq --no-install-recommends libgcc-\$(aarch64-linux-gnu-gcc -dumpversion)-dev:arm64
    apt-get clean"
  touch "$ROOT/.ready"
  echo "$PACKAGES" >"$ROOT/.packages"
}

inside() {
  chroot "$ROOT" /usr/bin/env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive CARGO_TARGET_DIR=/src/target/cross CARGO_TERM_COLOR=never \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu ${QEMU_CPU:-max} -L /" \
    CARGO_TARGET_WASM32_WASIP1_LINKER=wasm-ld \
    CARGO_TARGET_WASM32_WASIP1_RUNNER="node --no-warnings /src/.ci/wasi.mjs" \
    CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER=ld.lld \
    ${RUSTFLAGS:+RUSTFLAGS="$RUSTFLAGS"} ${RUSTC_BOOTSTRAP:+RUSTC_BOOTSTRAP="$RUSTC_BOOTSTRAP"} \
    sh -c "$1"
}

# The mount of DIR is seen by this run alone and ends with it, so that several can run at once.
run() {
  cp -L /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/ca-certificates.crt"
  cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
  mkdir -p "$ROOT/src"
  mount --bind "$1" "$ROOT/src"
  shift
  inside "cd /src && $*"
}

case ${1:-} in
  available) available ;;
  setup)
    mkdir -p "$(dirname "$ROOT")"
    exec 9>"$ROOT.lock"
    flock 9
    setup >&2
    ;;
  run)
    "$0" setup
    dir=$(realpath "$2")
    shift 2
    exec unshare --mount "$0" run-here "$dir" "$@"
    ;;
  run-here)
    shift
    run "$@"
    ;;
  *)
    sed -n '2,12s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
