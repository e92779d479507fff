#!/usr/bin/env bash
# The whole road on real processes: mosquitto, solar-central, one solar-forwarder and a solar-publisher for every village.
#
#   demo.sh      the sun rises over three villages, 100 times faster than it does
#   demo.sh -    the same with readings of your own: NDJSON on standard input, at most 10 villages
#
# Central goes away for some seconds; the villages' outboxes grow, and drain when it is back. Exit 0 if central then has every
# reading that was accepted, 1 if not. The programs are taken from SOLAR_BIN_DIR (default: build/release/bin).
set -euo pipefail

readonly SPEED=100            # simulated seconds in a second
readonly EVERY_S=6            # simulated seconds between two readings of a village
readonly FEED_S=34            # seconds of feeding
readonly TICK_S=0.3           # seconds between two bursts of lines
readonly FLOW_S=9             # seconds until central goes away
readonly AWAY_S=9             # seconds it stays away
readonly MAX_VILLAGES=10
readonly TICKS=$((FEED_S * 10 / 3))

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${SOLAR_BIN_DIR:-$here/build/release/bin}
dir=$(mktemp -d "${TMPDIR:-/tmp}/solar-demo-XXXXXX")
seen_before=0
columns=118
bold='' dim='' green='' red='' yellow='' off=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  columns=$(($(tput cols 2>/dev/null || echo 120) - 2))
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' off=$'\e[0m'
fi

die() {
  echo "demo: $*" >&2
  exit 1
}

# shellcheck source=tests/demo/processes.sh
source "$here/tests/demo/processes.sh"

declare -A publisher_input=()  # village -> descriptor
publishers=()                  # their pids

trap clean_up EXIT
trap 'echo; echo "stopped"; exit 130' INT TERM

# --- what there is ---

central_count() { # how many readings central has; "-" while it is away
  local line count='-'
  if { exec 4<>"/dev/tcp/127.0.0.1/$central_port"; } 2>/dev/null; then
    printf 'GET /api/solar/count HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&4
    while IFS= read -r -t 5 line || [[ -n $line ]]; do
      [[ $line =~ \"readings\":([0-9]+) ]] && count=${BASH_REMATCH[1]}
    done <&4
    exec 4>&-
  fi
  echo "$count"
}

accepted_count() { cat "$dir"/accepted-* 2>/dev/null | wc -l; }

villages() { cut -f 2 "$dir/villages" 2>/dev/null || true; }

status_of() { # status_of NUMBER WORDS...: asks the publisher's outbox
  local number=$1
  shift
  "$bin/solar-publisher" status --outbox-path "$dir/outbox-$number.db" "$@" 2>/dev/null || true
}

waiting_in() { # how many readings are in outbox NUMBER
  local json
  json=$(status_of "$1" --json)
  if [[ $json =~ \"waiting\":\ *([0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; else echo 0; fi
}

# --- what the villages report ---

sunrise() { # readings of three villages from ten to six on, one line after the other
  awk -v count=$((FEED_S * SPEED / EVERY_S)) -v every=$EVERY_S 'BEGIN {
    villages = split("Bamenda Buea Maroua", village, " ")
    split("120 85 200", peak_kw, " ")
    srand(7)
    for (n = 0; n < count; ++n) {
      second = 5 * 3600 + 50 * 60 + n * every
      day = (second - 6 * 3600) / (12 * 3600)
      for (v = 1; v <= villages; ++v) {
        power = day > 0 ? peak_kw[v] * sin(3.14159265 * day) * (0.99 + 0.02 * rand()) : 0
        power -= 0.3 + 0.1 * rand()  # the inverter itself takes a little, by night as well
        printf "{\"village\":\"%s\",\"power_kw\":%.1f,\"measured_at\":\"2026-01-28T%02d:%02d:%02d.000Z\"}\n",
               village[v], power, second / 3600, second % 3600 / 60, second % 60
      }
    }
  }'
}

pace() { # pace FILE: its lines in TICKS bursts
  local file=$1 lines burst first=1
  lines=$(wc -l <"$file")
  burst=$(((lines + TICKS - 1) / TICKS))
  ((burst > 0)) || burst=1
  while ((first <= lines)); do
    sed -n "$first,$((first + burst - 1))p" "$file"
    first=$((first + burst))
    sleep $TICK_S
  done
}

own_readings() { # the user's lines: at an even pace if they are all there within 2 s, else as they come
  cat <&3 >"$dir/input" &
  local reader=$!
  echo "$reader" >>"$dir/pids"
  for _ in {1..20}; do
    kill -0 "$reader" 2>/dev/null || break
    sleep 0.1
  done
  if kill -0 "$reader" 2>/dev/null; then
    tail -c +1 -f --pid="$reader" "$dir/input"
  else
    if [[ -s $dir/input && -n $(tail -c 1 "$dir/input") ]]; then echo >>"$dir/input"; fi
    pace "$dir/input"
  fi
}

readings() {
  if [[ $mode == own ]]; then
    own_readings
  else
    sunrise >"$dir/input"
    pace "$dir/input"
  fi
}

# --- a publisher for every village; each has its outbox, as on a gateway of its own ---

start_publisher() { # start_publisher VILLAGE
  local village=$1 number=${#publishers[@]} fifo fd both
  fifo=$dir/lines-$number
  mkfifo "$fifo"
  start "publisher-$number" "$bin/solar-publisher" run --broker-url "mqtt://127.0.0.1:$broker_port" --village "$village" \
    --outbox-path "$dir/outbox-$number.db" --source "$fifo" --accepted "$dir/accepted-$number" --reconnect-spread 0s
  publishers+=("$started")
  exec {both}<>"$fifo"  # opening it for writing alone would wait for the reader, maybe for ever
  exec {fd}>"$fifo"
  until readlink "/proc/$started/fd/"* 2>/dev/null | grep -qx "$fifo"; do
    kill -0 "$started" 2>/dev/null || break
    sleep 0.05
  done
  exec {both}>&-
  publisher_input[$village]=$fd
  printf '%s\t%s\n' "$number" "$village" >>"$dir/villages"
}

feed() { # gives each line to its village's publisher; at the end waits until all are confirmed
  local line village fd status=0
  trap '' PIPE  # a publisher that has gone costs its village's lines, not everybody's
  local village_field='"village"[[:space:]]*:[[:space:]]*"([^"\\]+)"'
  while IFS= read -r line; do
    village=Bamenda
    if [[ $line =~ $village_field ]]; then village=${BASH_REMATCH[1]}; fi
    if [[ -z ${publisher_input[$village]:-} ]]; then
      if ((${#publishers[@]} >= MAX_VILLAGES)); then
        echo "$village" >>"$dir/left-out"
        continue
      fi
      start_publisher "$village"
    fi
    printf '%s\n' "$line" >&"${publisher_input[$village]}" || true
  done
  for fd in "${publisher_input[@]}"; do exec {fd}>&-; done
  for publisher in "${publishers[@]}"; do wait "$publisher" || status=1; done
  return $status
}

# --- what a person sees ---

headline() { printf '\n%s%s%s\n' "$bold" "$*" "$off"; }

latest_reading() { # one of the last lines that mosquitto_sub saw; batches of a backlog are deflated and not for the eye
  local line
  line=$(tail -n 40 "$dir/seen.log" 2>/dev/null | grep -a '/readings {' | tail -n "$((1 + RANDOM % 3))" | head -n 1) || true
  echo "${line:0:$columns}"
}

show() { # one line on the state of things, and maybe a reading that passed
  local number village waiting text='' total=0 at_central seen
  while IFS=$'\t' read -r number village; do
    waiting=$(waiting_in "$number")
    total=$((total + waiting))
    text+="$village $waiting  "
  done <"$dir/villages"
  at_central=$(central_count)
  seen=$(wc -l <"$dir/seen.log")
  if ((seen != seen_before)); then printf '  %s%s%s\n' "$dim" "$(latest_reading)" "$off"; fi
  seen_before=$seen
  printf '  accepted %-6s at central %s%-6s%s waiting: %s%s%s\n' "$(accepted_count)" "$green" "$at_central" "$off" \
    "$( ((total > 100)) && echo "$yellow")" "$text" "$off"
}

watch() { # watch SECONDS: shows the state once a second
  local until=$((SECONDS + $1))
  while ((SECONDS < until)); do
    show
    if ! kill -0 "$feeder" 2>/dev/null; then return; fi
    sleep 0.9
  done
}

start_central() {
  start central "$bin/solar-central" --listen "127.0.0.1:$central_port" --database "$dir/central.db"
  central=$started
  wait_for_port "$central_port" central
}

start_servers() {
  local mosquitto
  mosquitto=$(PATH=$PATH:/usr/sbin command -v mosquitto) || die "mosquitto is missing"
  command -v mosquitto_sub >/dev/null || die "mosquitto_sub is missing (package mosquitto-clients)"
  broker_port=$(free_port)
  {
    printf 'listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 100\n' "$broker_port"
    printf 'set_tcp_nodelay true\nlog_dest stderr\n'
    if [[ $(id -u) == 0 ]]; then echo 'user root'; fi
  } >"$dir/mosquitto.conf"
  start mosquitto "$mosquitto" -c "$dir/mosquitto.conf"
  wait_for_port "$broker_port" mosquitto
  central_port=$(free_port)
  start_central
  start forwarder "$bin/solar-forwarder" run --broker-url "mqtt://127.0.0.1:$broker_port" --inbox-path "$dir/inbox.db" \
    --api-url "http://127.0.0.1:$central_port/api/solar" --client-id demo --reconnect-spread 0s --knock-interval 1s --http-listen off
  wait_for_line forwarder connected
  start seen mosquitto_sub -V 5 -p "$broker_port" -v -t 'solar/+/+/readings'
  printf '  broker     mqtt://127.0.0.1:%s\n  central    http://127.0.0.1:%s/api/solar\n' "$broker_port" "$central_port"
  printf '  watch too  mosquitto_sub -p %s -v -t "solar/#"\n' "$broker_port"
}

outage() {
  headline "2. Central goes away. The villages go on: every reading is on their own disks first."
  kill -TERM "$central"
  wait "$central" 2>/dev/null || true
  watch $AWAY_S
  printf '\n  %s$ solar-publisher status%s   (on the gateway of %s)\n' "$bold" "$off" "$(villages | head -n 1)"
  status_of 0 | sed 's/^/    /'
}

ending() {
  local accepted at_central
  accepted=$(accepted_count)
  at_central=$(central_count)
  headline "4. The two counts that must be equal"
  printf '  accepted by the publishers  %s%7s%s   (of %s lines)\n' "$bold" "$accepted" "$off" "$(wc -l <"$dir/input")"
  printf '  at central                  %s%7s%s\n' "$bold" "$at_central" "$off"
  if [[ -f $dir/left-out ]]; then
    echo "  ${yellow}left out: $(wc -l <"$dir/left-out") lines of more than $MAX_VILLAGES villages, such as $(head -n 1 "$dir/left-out")$off"
  fi
  if [[ $accepted != "$at_central" ]]; then
    echo "  ${red}They differ: a reading was lost, or came twice.$off"
    tail -n 5 "$dir"/*.log >&2
    return 1
  fi
  echo "  ${green}Equal: nothing lost, nothing twice.$off"
}

main() {
  mode=sun
  if [[ ${1:-} == - ]]; then mode=own; elif (($# > 0)); then die "usage: demo.sh [-]"; fi
  for program in solar-publisher solar-forwarder solar-central; do
    [[ -x $bin/$program ]] || die "$bin/$program is missing: build first (./dev build)"
  done
  exec 3<&0
  : >"$dir/villages"
  headline "Solar Sync: a reading leaves a village's disk only when the central server has it"
  start_servers
  readings </dev/null | feed &
  feeder=$!
  echo "$feeder" >>"$dir/pids"

  if [[ $mode == sun ]]; then
    headline "1. The sun rises over Bamenda, Buea and Maroua, $SPEED times faster than it does"
  else
    headline "1. Your readings flow"
  fi
  for _ in {1..30}; do
    if [[ -s $dir/villages ]]; then break; fi
    sleep 0.1
  done
  watch $FLOW_S
  outage
  headline "3. Central is back. The backlog drains, live readings first."
  start_central
  watch 600
  wait "$feeder" || echo "  ${yellow}a publisher did not end well: see below$off"
  ending
}

main "$@"
