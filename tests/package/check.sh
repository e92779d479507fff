#!/usr/bin/env bash
# Checks the Debian packages of a folder: what is in them, how much their units lay open, what lintian says; then the life of
# each in a clean Debian or Ubuntu of this machine's release (a chroot): installed, tried, upgraded, removed, installed again, purged. As root.
#
# usage: check.sh [--boot] [--keep FOLDER] [--mirror URL] FOLDER
#   --boot    also boots that Debian in a virtual machine (boot.sh beside this; some minutes): there the units run under a real
#             systemd, and a reading goes all the way
#   --keep    makes the clean Debian there, and takes it from there the next time
#   --mirror  where it comes from; default: the distribution's own
set -euo pipefail

readonly EXPOSURE_MAX=15     # tenths, as --threshold wants them
readonly INSTALLED_KIB_MAX=5000
readonly PROGRAMS=(publisher forwarder)
readonly -A SETTING=([publisher]='village = "Bamenda"' [forwarder]='retry-attempts = 7')
readonly -A MODE=([publisher]=644 [forwarder]=600)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
boot='' keep='' mirror='' packages=''
work=$(mktemp -d "${TMPDIR:-/tmp}/solar-package-XXXXXX")
root=$work/root

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'package: %s\n' "$*" >&2
  exit 1
}

clean_up() {
  local status=$?
  [[ $status -eq 0 || ! -e $work/log ]] || tail -n 40 "$work/log" >&2
  ! mountpoint -q "$root/proc" || umount "$root/proc"
  rm -rf --one-file-system "$work"
  exit "$status"
}

has() { command -v "$1" >/dev/null 2>&1; }

# --- the packages as files ---

deb() { echo "$packages/solar-$1_"*"_$(dpkg --print-architecture).deb"; }

check_size() { # check_size PROGRAM
  local kib
  kib=$(dpkg-deb -f "$(deb "$1")" Installed-Size)
  [[ $kib -le $INSTALLED_KIB_MAX ]] || die "solar-$1 takes $kib KiB installed; at most $INSTALLED_KIB_MAX"
  say "solar-$1: $kib KiB installed, $(stat -c %s "$(deb "$1")") bytes as a file"
}

check_unit() { # check_unit PROGRAM
  local unit=$work/$1/usr/lib/systemd/system/solar-$1.service line
  dpkg-deb -x "$(deb "$1")" "$work/$1"
  line=$(systemd-analyze security --offline=true --threshold="$EXPOSURE_MAX" "$unit" | tail -n 1) ||
    die "solar-$1.service lays too much open: $line"
  say "${line#*→ }"
  # Its program is not installed here.
  line=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -e "solar-$1" | grep -v -e 'not executable' || true)
  [[ -z $line ]] || die "solar-$1.service: $line"
}

check_lint() {
  local tags=()
  if ! has lintian; then
    say "no lintian here: not asked"
    return
  fi
  # Nobody files bugs against a distribution here; and what is closed is so on purpose: credentials, settings with a secret.
  tags=(initial-upload-closes-no-bugs bogus-mail-host bogus-mail-host-in-debian-changelog
    non-standard-dir-perm non-standard-file-perm)
  lintian --allow-root --fail-on error,warning --suppress-tags "$(IFS=, && echo "${tags[*]}")" "$@" ||
    die "lintian found something"
}

# --- their life ---

in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

quietly() { # quietly COMMAND...: its words only if it fails
  "$@" >"$work/log" 2>&1 </dev/null || die "failed: $*"
}

source_of() { # source_of ID ARCHITECTURE: its mirror, and the components that have our libraries
  case $1/$2 in
    debian/*) echo http://deb.debian.org/debian main ;;
    ubuntu/amd64) echo http://archive.ubuntu.com/ubuntu main,universe ;;
    ubuntu/*) echo http://ports.ubuntu.com/ubuntu-ports main,universe ;;
    *) die "no clean system of $1 can be made here: neither Debian nor Ubuntu" ;;
  esac
}

make_root() {
  local base=${keep:-$work/base} id suite source
  # shellcheck source=/dev/null
  read -r id suite < <(source /etc/os-release && echo "$ID $VERSION_CODENAME")
  source=$(source_of "$id" "$(dpkg --print-architecture)")
  if [[ ! -e $base/.made ]]; then
    say "making a clean $id $suite"
    quietly debootstrap --variant=minbase --components="${source#* }" "$suite" "$base" "${mirror:-${source% *}}"
    touch "$base/.made"
  fi
  cp -a "$base" "$root"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  # No service may start in there.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  mount -t proc proc "$root/proc"
  quietly in_root apt-get update -q
}

install() { # install PROGRAM [FILE]
  cp "${2:-$(deb "$1")}" "$root/tmp/solar-$1.deb"
  quietly in_root apt-get install -q -y --no-install-recommends -o Dpkg::Options::=--force-confold "/tmp/solar-$1.deb"
}

owned() { # owned PATH MODE
  [[ $(stat -c '%U:%G %a' "$root$1" 2>&1) == "root:root $2" ]] || die "$1 is $(stat -c '%U:%G %a' "$root$1"), not root:root $2"
}

absent() { # absent PATH...
  local path
  for path in "$@"; do [[ ! -e $root$path && ! -L $root$path ]] || die "$path is still there"; done
}

check_installed() { # check_installed PROGRAM
  local program=solar-$1
  owned "/usr/bin/$program" 755
  owned "/usr/lib/systemd/system/$program.service" 644
  owned "/etc/solar-sync/$1.toml" "${MODE[$1]}"
  owned "/etc/solar-sync/$1-credentials" 700
  [[ -e $root/usr/share/doc/$program/copyright && -e $root/usr/share/doc/$program/changelog.gz ]] || die "$program: no documents"
  [[ -L $root/etc/systemd/system/multi-user.target.wants/$program.service ]] || die "$program is not enabled"
  quietly in_root "$program" --version
  # Every setting is there and says what the program says without a file.
  in_root "$program" settings --config /dev/null | diff - "$root/etc/solar-sync/$1.toml" || die "$1.toml is not what $program prints"
  ! grep -q '^[^#]' "$root/etc/solar-sync/$1.toml" || die "$1.toml has a setting that is not commented out"
}

state() { # state PROGRAM: what its service leaves, made by its own program
  local folder=$root/var/lib/private/solar-$1
  mkdir -p "$folder"
  ln -sfn "private/solar-$1" "$root/var/lib/solar-$1"
}

# A publisher takes a reading with the packaged file, set up as a person would, and cannot deliver it: nothing runs there.
try_publisher() {
  local status=0
  in_root solar-publisher send '{"power_kw":120}' --timeout 0s >"$work/log" 2>&1 || status=$?
  [[ $status -eq 2 ]] || die "without a village, send should end with 2, not $status"
  grep -q VILLAGE "$work/log" || die "without a village, send should say so"
  sed -i 's/^#village = .*/village = "Bamenda"/' "$root/etc/solar-sync/publisher.toml"
  quietly in_root solar-publisher check --offline
  status=0
  in_root solar-publisher send '{"power_kw":120}' --timeout 0s >"$work/log" 2>&1 || status=$?
  [[ $status -eq 1 ]] || die "send should keep the reading and end with 1, not $status"
  in_root solar-publisher status --json | grep -q '"waiting":1' || die "the reading does not wait in /var/lib/solar-publisher"
}

# A forwarder comes up with the packaged file, and tells so as a service; there is no broker.
try_forwarder() {
  local pid heard=$work/heard
  rm -f "$heard"
  python3 - "$root/tmp/notify" >"$heard" <<'PYTHON' &
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
manager.settimeout(30)
while (message := manager.recv(256).decode()) != "STOPPING=1":
    print(message, flush=True)
print(message, flush=True)
PYTHON
  listener=$!
  for _ in {1..300}; do [[ ! -S $root/tmp/notify ]] || break; sleep 0.1; done
  chroot "$root" env -i NOTIFY_SOCKET=/tmp/notify HTTP_LISTEN=off solar-forwarder run >"$work/log" 2>&1 &
  pid=$!
  for _ in {1..300}; do ! grep -q READY=1 "$heard" || break; sleep 0.1; done
  kill "$pid"
  wait "$pid" || die "the forwarder ended with $?"
  wait "$listener" || die "the forwarder did not say that it stops"
  [[ $(tr '\n' ' ' <"$heard") == "READY=1 STOPPING=1 " ]] || die "the forwarder said: $(cat "$heard")"
  [[ -s $root/var/lib/solar-forwarder/inbox.db ]] || die "the inbox is not in /var/lib/solar-forwarder"
}

newer() { # newer PROGRAM: the same package as a later version with another settings file
  local folder=$work/newer/$1
  rm -rf "$folder" && mkdir -p "$folder"
  dpkg-deb -R "$(deb "$1")" "$folder"
  sed -i 's/^Version: .*/&+later/' "$folder/DEBIAN/control"
  echo '# one more line' >>"$folder/etc/solar-sync/$1.toml"
  dpkg-deb --root-owner-group -b "$folder" "$work/$1-newer.deb" >/dev/null
  echo "$work/$1-newer.deb"
}

life() { # life PROGRAM
  local program=solar-$1 config=$root/etc/solar-sync/$1.toml later
  say "$program: installed"
  install "$1"
  check_installed "$1"
  state "$1"
  "try_$1"
  say "$program: upgraded; the settings that were changed stay"
  echo "${SETTING[$1]}  # by hand" >"$config"
  echo secret >"$root/etc/solar-sync/$1-credentials/client.key"
  later=$(newer "$1")
  install "$1" "$later"
  grep -q 'by hand' "$config" || die "an upgrade replaced $config"
  grep -q 'one more line' "$config.dpkg-dist" || die "an upgrade did not leave the new settings file beside the old one"
  say "$program: removed; settings, credentials and readings stay"
  quietly in_root apt-get remove -q -y "$program"
  absent "/usr/bin/$program" "/usr/lib/systemd/system/$program.service"
  [[ -s $root/etc/solar-sync/$1-credentials/client.key && -s $config ]] || die "removing took settings or credentials"
  compgen -G "$root/var/lib/private/$program/*.db" >/dev/null || die "removing took the readings"
  grep -q "purging the package would delete them" "$work/log" || die "removing did not say what purging would delete"
  say "$program: installed again; it is as it was"
  install "$1"
  grep -q 'by hand' "$config" || die "installing again took the settings"
  quietly in_root "$program" check --offline
  quietly in_root "$program" status
  say "$program: purged; nothing is left"
  quietly in_root apt-get purge -q -y "$program"
  grep -q "Deleting /var/lib/private/$program .*, with every reading" "$work/log" || die "purging did not say what it deletes"
  absent "/var/lib/private/$program" "/var/lib/$program" "/etc/solar-sync/$1.toml" "/etc/solar-sync/$1.toml.dpkg-dist" \
    "/etc/solar-sync/$1-credentials" "/etc/systemd/system/multi-user.target.wants/$program.service" "/usr/share/doc/$program"
  [[ -z $(find "$root/var/lib/systemd" -name "$program*" 2>/dev/null) ]] || die "purging left what systemd keeps of $program"
  say "$program: installed once more, as on the first day"
  install "$1" "$(deb "$1")"
  check_installed "$1"
}

both_side_by_side() {
  say "one is purged, the other stays"
  quietly in_root apt-get purge -q -y solar-publisher
  [[ -e $root/etc/solar-sync/forwarder.toml ]] || die "purging the publisher took the forwarder's settings"
  quietly in_root apt-get purge -q -y solar-forwarder
  absent /etc/solar-sync
}

main() {
  local program
  while [[ $# -gt 0 ]]; do
    case $1 in
      --boot) boot=yes && shift ;;
      --keep) keep=$2 && shift 2 ;;
      --mirror) mirror=$2 && shift 2 ;;
      -*) die "no such option: $1" ;;
      *) packages=$1 && shift ;;
    esac
  done
  [[ -d $packages ]] || die "usage: check.sh [--boot] [--keep FOLDER] [--mirror URL] FOLDER"
  [[ $EUID -eq 0 ]] || die "a chroot needs root"
  trap clean_up EXIT
  for program in "${PROGRAMS[@]}"; do
    check_size "$program"
    check_unit "$program"
  done
  check_lint "$(deb publisher)" "$(deb forwarder)"
  make_root
  for program in "${PROGRAMS[@]}"; do life "$program"; done
  both_side_by_side
  [[ -z $boot ]] || "$here/boot.sh" "$root" "$(deb publisher)" "$(deb forwarder)"
  say "the packages are as they should be, after $SECONDS s"
}

main "$@"
