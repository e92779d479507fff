#!/usr/bin/env bash
# Runs inside the machine that boot.sh boots, as root, once it is up.
set -euo pipefail

readonly CREDENTIALS=/etc/solar-sync/publisher-credentials

say() { printf 'trial: %s\n' "$*"; }

die() {
  printf 'trial: FAILED: %s\n' "$*"
  journalctl --no-pager -n 40 -u solar-publisher -u solar-forwarder -u mosquitto
  exit 1
}

eventually() { # eventually COMMAND...
  for _ in {1..300}; do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  return 1
}

property() { systemctl show --value -p "$1" "$2"; }
is_active() { [[ $(property ActiveState "$1") == active ]]; }
restarted() { [[ $(property NRestarts "$1") -gt $2 ]] && is_active "$1"; } # more than so often
waiting() { solar-publisher status --json | grep -q "\"waiting\":$1[,}]"; }
at_central() { [[ $(wc -l </root/central.readings) -ge $1 ]]; }

broker_and_central() {
  cp -r /root/credentials/broker /etc/mosquitto/broker
  chown -R mosquitto /etc/mosquitto/broker
  cat >/etc/mosquitto/conf.d/trial.conf <<'CONF'
listener 8883
cafile /etc/mosquitto/broker/ca.crt
certfile /etc/mosquitto/broker/server.crt
keyfile /etc/mosquitto/broker/server.key
require_certificate true
use_identity_as_username true
CONF
  systemctl restart mosquitto
  : >/root/central.readings
  cat >/root/central.py <<'PYTHON'
from http.server import BaseHTTPRequestHandler, HTTPServer
class Central(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/root/central.readings", "ab") as file:
            file.write(body + b"\n")
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
HTTPServer(("127.0.0.1", 8000), Central).serve_forever()
PYTHON
  systemd-run --quiet --unit central python3 /root/central.py
}

forwarder() {
  local folder=/etc/solar-sync/forwarder-credentials
  install -m 600 /root/credentials/forwarder/{ca.crt,client.crt,client.key} "$folder/"
  printf '%s = "%s"\n' broker-url mqtts://localhost:8883 api-url http://localhost:8000/api/solar mqtt-ca-file "$folder/ca.crt" \
    mqtt-certificate-file "$folder/client.crt" mqtt-key-file "$folder/client.key" >>/etc/solar-sync/forwarder.toml
  systemctl restart solar-forwarder || die "systemctl restart solar-forwarder"
  solar-forwarder status >/dev/null || die "solar-forwarder status"
}

quick_start() {
  # As it stands there; the first installs, and says what is missing.
  (cd /root/gateway && bash -eux ./commands) >/root/quick_start.log 2>&1 || die "the quick start: $(cat /root/quick_start.log)"
  grep -q 'solar-publisher is not started yet: VILLAGE' /root/quick_start.log || die "installing did not say what is missing"
  grep -q 'Sync successful' /root/quick_start.log || die "no 'Sync successful': $(cat /root/quick_start.log)"
  at_central 1 || die "no reading at central"
  is_active solar-publisher || die "the publisher is not active"
  say "the quick start's gateway: $(wc -l </root/gateway/commands) commands there, and $(grep 'Sync successful' /root/quick_start.log)"
  # Sooner than as packaged, for this trial.
  mkdir -p /run/systemd/system/solar-publisher.service.d
  printf '[Service]\nWatchdogSec=3s\nRestartSec=100ms\n' >/run/systemd/system/solar-publisher.service.d/trial.conf
  echo 'reconnect-spread = "0s"' >>/etc/solar-sync/publisher.toml
  systemctl daemon-reload
  systemctl restart solar-publisher || die "systemctl restart solar-publisher"
  say "exposure as systemd sees it: $(systemd-analyze security solar-publisher.service --no-pager | tail -n 1 | grep -o '[0-9]\.[0-9]')"
}

as_somebody_else() {
  local owner
  owner=$(stat -c %u /var/lib/solar-publisher/outbox.db)
  [[ $owner != 0 ]] || die "the outbox belongs to root"
  [[ $(stat -c %a /var/lib/private/solar-publisher) == 700 ]] || die "the outbox's folder is open to others"
  say "the publisher runs as $(ps -o uid= -p "$(property MainPID solar-publisher)"), the outbox belongs to $owner; the key to 0"
}

readings() {
  systemctl stop solar-publisher
  [[ $(property Result solar-publisher) == success ]] || die "it did not stop well: $(property Result solar-publisher)"
  solar-publisher send '{"power_kw":121}' --timeout 0s >/dev/null 2>&1 || true
  waiting 1 || die "a reading that root sent while the service was stopped does not wait"
  systemctl start solar-publisher || die "it does not start after root has used its outbox"
  eventually waiting 0 || die "what root accepted is not delivered by the service"
  say "what root sent while the service was stopped, the service delivered"
}

faults() {
  local before
  before=$(property NRestarts solar-publisher)
  kill -KILL "$(property MainPID solar-publisher)"
  eventually restarted solar-publisher "$before" || die "it was not started again after SIGKILL"
  before=$(property NRestarts solar-publisher)
  kill -STOP "$(property MainPID solar-publisher)"
  eventually restarted solar-publisher "$before" || die "the watchdog did not end a program that hangs"
  journalctl --no-pager -u solar-publisher | grep -q 'Watchdog timeout' || die "no watchdog in the journal"
  before=$(property NRestarts solar-publisher)
  sleep 7 # twice the watchdog's time
  [[ $(property NRestarts solar-publisher) == "$before" ]] || die "the watchdog ended a program that lives"
  say "killed: started again; hanging: ended by the watchdog and started again; living: left alone"
}

life() {
  local pid
  pid=$(property MainPID solar-publisher)
  dpkg -i /root/solar-publisher-later.deb >/root/dpkg.log 2>&1 || die "upgrade: $(cat /root/dpkg.log)"
  is_active solar-publisher || die "not active after an upgrade"
  [[ $(property MainPID solar-publisher) != "$pid" ]] || die "an upgrade did not restart it"
  systemctl --quiet disable --now solar-publisher 2>/dev/null
  dpkg -i /root/solar-publisher-later.deb >/root/dpkg.log 2>&1
  ! is_active solar-publisher || die "an upgrade started what the administrator had disabled"
  systemctl --quiet enable --now solar-publisher 2>/dev/null
  solar-publisher send '{"power_kw":122}' >/dev/null || die "send after the upgrade"
  dpkg -r solar-publisher >/root/dpkg.log 2>&1
  [[ $(property LoadState solar-publisher) == not-found ]] || die "removing left the unit with systemd"
  ! pgrep -x solar-publisher >/dev/null || die "removing left the program running"
  [[ -s /var/lib/private/solar-publisher/outbox.db ]] || die "removing took the outbox"
  dpkg -i /root/gateway/solar-publisher_*.deb >/root/dpkg.log 2>&1
  eventually is_active solar-publisher || die "installed again with its settings, it does not run"
  dpkg -P solar-publisher >/root/dpkg.log 2>&1
  grep -q 'would delete' /root/dpkg.log || die "purging did not warn: $(cat /root/dpkg.log)"
  [[ ! -e /var/lib/private/solar-publisher && ! -L /var/lib/solar-publisher && ! -e $CREDENTIALS ]] || die "purging left something"
  dpkg -i /root/gateway/solar-publisher_*.deb >/root/dpkg.log 2>&1 || die "installing without a village: $(cat /root/dpkg.log)"
  grep -q 'solar-publisher is not started yet: VILLAGE' /root/dpkg.log || die "installing did not say what is missing"
  say "upgraded, disabled, removed, installed again, purged, installed: as Debian's policy wants it"
}

eventually is_active solar-forwarder || die "the forwarder was not started at boot"
broker_and_central
forwarder
quick_start
as_somebody_else
readings
faults
life
say passed
