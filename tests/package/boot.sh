#!/usr/bin/env bash
# Boots a Debian with the packages in a virtual machine, where systemd is the first process, and tries there what a chroot
# cannot: docs/quickstart.md's gateway as it stands there, over TLS; the units as they run, readiness, watchdog (boot_trial.sh).
#
# usage: boot.sh ROOT PUBLISHER.deb FORWARDER.deb     (as root; ROOT is a Debian tree; it is changed)
# Needs qemu-system-x86_64, here or in another Debian tree that QEMU_ROOT names. The machine has no network. It is emulated
# instruction by instruction, which takes some minutes, and works everywhere.
set -euo pipefail

readonly PATIENCE_S=420
readonly VILLAGE=Bamenda # the quick start's
readonly DISK_MIB=3072

root=$1 publisher=$2 forwarder=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/solar-boot-XXXXXX")

die() {
  printf 'boot: %s\n' "$*" >&2
  exit 1
}

clean_up() {
  local status=$?
  if mountpoint -q "${QEMU_ROOT:-/nowhere}/machine"; then umount "$QEMU_ROOT/machine" "$QEMU_ROOT/dev"; fi
  rm -rf "$work"
  exit "$status"
}

in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

quietly() {
  "$@" >"$work/log" 2>&1 </dev/null || {
    tail -n 30 "$work/log" >&2
    die "failed: $*"
  }
}

later() { # later DEB FILE: the same package as a later version
  dpkg-deb -R "$1" "$work/later"
  sed -i 's/^Version: .*/&+later/' "$work/later/DEBIAN/control"
  quietly dpkg-deb --root-owner-group -b "$work/later" "$2"
}

block() { # block PAGE LANGUAGE: of the section Gateway
  awk -v begin='```'"$2" '/^## /{ here = $2 == "Gateway" } /^```/{ in_block = here && $0 == begin; next } in_block' "$1"
}

# What the quick start has copied to the gateway, and what it does there; who edits adds the lines that it names.
gateway() {
  local page=$here/../../docs/quickstart.md folder=$root/root/gateway
  mkdir -p "$folder"
  quietly env CREDENTIALS_DIR="$work/credentials" "$here/../../compose/make-credentials" "$VILLAGE"
  cp -r "$work/credentials" "$root/root/credentials"
  cp "$publisher" "$work/credentials/villages/$VILLAGE"/* "$folder"
  block "$page" toml | sed 's/broker.example.org/localhost/' >"$folder/lines"
  block "$page" sh | sed -n -e 's/^sudo //p' -e 's,^sudoedit \([^ ]*\),cat lines >>\1,p' >"$folder/commands"
  [[ $(wc -l <"$folder/commands") -ge 5 && -s $folder/lines ]] || die "the quick start's gateway is written in another way now"
}

furnish() {
  quietly in_root apt-get install -q -y --no-install-recommends systemd systemd-sysv dbus procps initramfs-tools \
    linux-image-cloud-amd64 mosquitto mosquitto-clients python3-minimal libpython3-stdlib
  mkdir -p "$root/root"
  later "$publisher" "$root/root/solar-publisher-later.deb"
  cp "$forwarder" "$root/root/solar-forwarder.deb"
  gateway
  quietly in_root apt-get install -q -y --no-install-recommends /root/solar-forwarder.deb
  # Its libraries stay: the machine has no network.
  cp "$publisher" "$root/tmp/solar-publisher.deb"
  quietly in_root apt-get install -q -y /tmp/solar-publisher.deb
  quietly in_root dpkg -P solar-publisher
  rm -f "$root/usr/sbin/policy-rc.d"
  # An installer writes it, debootstrap does not.
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  install -m 0755 "$here/boot_trial.sh" "$root/root/trial.sh"
  cat >"$root/etc/systemd/system/trial.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=HOME=/root
ExecStart=/root/trial.sh
ExecStopPost=/bin/systemctl poweroff --force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
[Install]
WantedBy=graphical.target
UNIT
  quietly in_root systemctl enable trial.service
  quietly in_root systemctl set-default graphical.target
  quietly in_root systemctl mask serial-getty@ttyS0.service getty@tty1.service
}

machine() {
  local run=() folder=$work
  mkdir -p "$work/machine"
  cp "$(echo "$root"/boot/vmlinuz-* | tr ' ' '\n' | tail -n 1)" "$work/machine/kernel"
  cp "$(echo "$root"/boot/initrd.img-* | tr ' ' '\n' | tail -n 1)" "$work/machine/initrd"
  quietly mke2fs -q -F -t ext4 -d "$root" "$work/machine/disk" "${DISK_MIB}M"
  folder=$work/machine
  if [[ -n ${QEMU_ROOT:-} ]]; then
    mkdir -p "$QEMU_ROOT/machine"
    mount --bind "$work/machine" "$QEMU_ROOT/machine"
    mount --bind /dev "$QEMU_ROOT/dev"
    run=(chroot "$QEMU_ROOT") folder=/machine
  fi
  timeout "$PATIENCE_S" "${run[@]}" qemu-system-x86_64 -machine q35,accel=tcg -cpu qemu64 -smp 2 -m 768 -display none -no-reboot -nic none \
    -kernel "$folder/kernel" -initrd "$folder/initrd" -append "console=ttyS0 root=/dev/vda rw quiet" \
    -drive "file=$folder/disk,if=virtio,format=raw,cache=unsafe" -serial stdio </dev/null >"$work/console" 2>&1 || true
}

trap clean_up EXIT
[[ $(dpkg --print-architecture) == amd64 ]] || die "the machine is an amd64 one"
if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
furnish
machine
tr -d '\r' <"$work/console" | grep -a '^trial: ' || true
grep -aq '^trial: passed' "$work/console" || {
  tail -n 60 "$work/console" >&2
  die "the trial in the machine did not pass"
}
