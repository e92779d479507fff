#!/usr/bin/env bash
# Boots a Debian with the packages in a virtual machine, where systemd is the first process, and tries there what a chroot
# cannot: the units as they run, readiness, watchdog, credentials, and a reading from the gateway to central (boot_trial.sh).
#
# usage: boot.sh ROOT PUBLISHER.deb FORWARDER.deb     (as root; ROOT is a Debian tree; it is changed)
# Needs qemu-system-x86_64, here or in another Debian tree that QEMU_ROOT names. The machine has no network. It is emulated
# instruction by instruction, which takes some minutes, and works everywhere.
set -euo pipefail

readonly PATIENCE_S=420
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

furnish() {
  quietly in_root apt-get install -q -y --no-install-recommends systemd systemd-sysv dbus procps initramfs-tools \
    linux-image-cloud-amd64 mosquitto mosquitto-clients python3-minimal libpython3-stdlib
  mkdir -p "$root/root"
  cp "$publisher" "$root/root/solar-publisher.deb"
  later "$publisher" "$root/root/solar-publisher-later.deb"
  cp "$forwarder" "$root/root/solar-forwarder.deb"
  quietly in_root apt-get install -q -y --no-install-recommends /root/solar-publisher.deb /root/solar-forwarder.deb
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
if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
furnish
machine
tr -d '\r' <"$work/console" | grep -a '^trial: ' || true
grep -aq '^trial: passed' "$work/console" || {
  tail -n 60 "$work/console" >&2
  die "the trial in the machine did not pass"
}
