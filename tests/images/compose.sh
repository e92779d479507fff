#!/usr/bin/env bash
# Brings compose/compose.yaml up as a user does: from a fresh copy of what git knows, without an edit, with credentials that it
# makes itself. Checks that everything gets healthy and that what three villages measure arrives. Then a forwarder is killed,
# the broker and central are stopped for a while, all is taken down and brought up again: no reading may be missing or doubled.
#
# usage: compose.sh [--compose COMMAND] [--built]
#   --compose   default: the first of `docker compose` and `docker-compose` that works; 1.29 and 2 are both meant to
#   --built     builds nothing that is there
#
# Ports 8000, 8883 and 8884 of 127.0.0.1 must be free. Leaves the images behind and nothing else.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly VILLAGES=(Bamenda Buea Maroua)
readonly SERVICES=(broker central forwarder-1 forwarder-2 publisher-bamenda publisher-buea publisher-maroua meters)
readonly HEALTHY_WITHIN_S=60
readonly ARRIVES_WITHIN_S=60 # while everything is there
# A reading whose messages went to a forwarder that died rests for a minute and more before it is sent again.
readonly ALL_ARRIVES_WITHIN_S=300
# What the meters say is far below: so these are known again at central, one by one.
readonly FIRST=1001
readonly PART=40

compose=() built=''
project=solar-check-$$
work=$(mktemp -d "${TMPDIR:-/tmp}/$project-XXXXXX")
next=$FIRST

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'compose: %s\n' "$*" >&2
  exit 1
}

composed() { "${compose[@]}" --file "$work/solar-sync/compose/compose.yaml" --project-name "$project" "$@"; }

quietly() { # quietly COMMAND...: its output only if it fails
  "$@" >"$work/said" 2>&1 </dev/null || {
    cat "$work/said" >&2
    die "failed: $*"
  }
}

remove_one_offs() { # what `run` has started
  docker ps --all --quiet --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.oneoff=True |
    xargs --no-run-if-empty docker rm --force >/dev/null
}

clean_up() {
  local status=$?
  [[ $status -eq 0 ]] || {
    composed ps --all || true
    composed logs --tail=15 || true
  } >&2
  remove_one_offs || true
  composed down --volumes --timeout 5 >/dev/null 2>&1 || true
  rm -rf "$work"
  exit "$status"
}

until_it_is() { # until_it_is SECONDS WHAT COMMAND...
  local seconds=$1 what=$2 ends=$((SECONDS + $1))
  shift 2
  until "$@" >"$work/said" 2>&1; do
    ((SECONDS < ends)) || {
      cat "$work/said" >&2
      die "$what: not within $seconds s"
    }
    sleep 0.5
  done
}

choose_compose() {
  local one
  for one in 'docker compose' docker-compose; do
    # shellcheck disable=SC2086 # two words
    if $one version >/dev/null 2>&1; then
      read -r -a compose <<<"$one"
      return
    fi
  done
  die "neither docker compose nor docker-compose works here"
}

# --- what is there ---

inspect() { # inspect SERVICE TEMPLATE
  docker inspect --format "$2" "$(composed ps --all --quiet "$1")"
}

health_of() { inspect "$1" '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}'; }

all_are_healthy() {
  local service health
  for service in "${SERVICES[@]}"; do
    health=$(health_of "$service")
    [[ $health == healthy || $service == meters && $health == running ]] || {
      printf '%s is %s\n' "$service" "$health"
      return 1
    }
  done
}

bring_up() {
  local began=$SECONDS
  quietly composed up --detach
  until_it_is "$HEALTHY_WITHIN_S" "all healthy" all_are_healthy
  say "all ${#SERVICES[@]} are up and healthy, $((SECONDS - began)) s after \`up\`"
}

at_central() { # every line is a reading; asked as compose.yaml says
  curl --silent --show-error --fail --max-time 20 --cacert "$work/ca.crt" --header "Authorization: Bearer $(<"$work/token")" \
    https://localhost:8000/api/solar
}

villages_at_central() {
  local village
  at_central >"$work/readings"
  for village in "${VILLAGES[@]}"; do grep -q "\"village\":\"$village\"" "$work/readings" || return 1; done
}

numbers_at_central() { # VILLAGE NUMBER of those that we wrote
  at_central | sed -nE 's/.*"village":"([^"]*)".*"power_kw":([0-9]{4,})[.}].*/\1 \2/p'
}

numbers_of() { # numbers_of FIRST LAST: the same, as it must be
  local village
  for village in "${VILLAGES[@]}"; do seq --format="$village %.0f" "$1" "$2"; done
}

has_last() { # has_last NUMBER: from each village
  numbers_at_central >"$work/numbers"
  [[ $(grep -c " $1\$" "$work/numbers") -eq ${#VILLAGES[@]} ]]
}

write_numbers() { # PART more of each village, through the same pipes that the meters use; `next` moves on
  # shellcheck disable=SC2016 # expanded in the container
  composed exec -T meters bash -c 'for i in $(seq "$1" "$2"); do for village in "${@:3}"; do
    printf "{\"power_kw\":%s}\n" "$i" >"/readings/$village"; done; sleep 0.1; done' - \
    "$next" "$((next + PART - 1))" "${VILLAGES[@]}" </dev/null
  next=$((next + PART))
}

nothing_is_missing() {
  numbers_of "$FIRST" "$((next - 1))" | sort >"$work/written"
  numbers_at_central | sort >"$work/numbers"
  diff "$work/written" "$work/numbers" || return 1
  # The meters' own are known by the number in their ids: a publisher counts.
  at_central | sed -nE 's/.*"id":"[^"]*-([0-9]+)","village":"([^"]*)".*/\2 \1/p' | sort -k1,1 -k2,2n | awk '
    $1 != village { village = $1; villages++; expected = 1 }
    $2 != expected { print village, $2, "instead of", expected; exit 1 }
    { expected++ }
    END { if (villages != 3) { print villages, "villages"; exit 1 } }'
}

# --- what is checked ---

check_limits() { # as the engine has understood them
  local service found
  for service in "${SERVICES[@]}" prepare; do
    found=$(inspect "$service" '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}')
    [[ $found == '1000:1000 true [ALL] [no-new-privileges:true]' ]] || die "$service runs otherwise than it should: $found"
    found=$(inspect "$service" '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}')
    [[ $found =~ ^[1-9][0-9]*\ [1-9][0-9]*\ [1-9][0-9]*$ ]] || die "$service lacks a limit (memory, processors, processes): $found"
    [[ $(inspect "$service" '{{.RestartCount}}') == 0 ]] || die "$service had to be restarted"
  done
  say "each runs as 1000 on a read-only root without capabilities, within its limits, and none had to be restarted"
}

reaches() { # reaches NETWORK HOST PORT
  docker run --rm --network "${project}_$1" solar-sync-tools:0.1.0 timeout 5 bash -c "</dev/tcp/$2/$3" 2>/dev/null
}

check_separation() { # by trying it
  local village other seen
  reaches field broker 8883 || die "a village does not reach the broker"
  ! reaches field central 8000 || die "a village reaches central"
  ! reaches field forwarder-1 8080 || die "a village reaches a forwarder"
  for village in "${VILLAGES[@]}"; do
    seen=$(docker run --rm --user 0 --volumes-from "$(composed ps --quiet "publisher-${village,,}"):ro" solar-sync-tools:0.1.0 \
      bash -c 'for file in /credentials/*.crt; do openssl x509 -noout -subject -in "$file"; done')
    for other in "${VILLAGES[@]}"; do
      [[ $seen == *"$other"* ]] || [[ $other != "$village" ]] || die "$village does not see its certificate: $seen"
      [[ $seen != *"$other"* || $other == "$village" ]] || die "$village sees the certificate of $other"
    done
  done
  say "a village reaches the broker only, and sees its own credentials only"
}

answer_to_a_stranger() { # answer_to_a_stranger ARGUMENT...: central's status for somebody without the token
  curl --silent --output /dev/null --write-out '%{http_code}' --max-time 20 --cacert "$work/ca.crt" "$@" https://localhost:8000/api/solar
}

check_strangers() {
  local got reading='{"village":"Bamenda","power_kw":1}'
  got="$(answer_to_a_stranger) $(answer_to_a_stranger --header 'Content-Type: application/json' --data "$reading")"
  [[ $got == '401 401' ]] || die "central answers $got to whoever asks and posts without a token"
  say "central shows and takes nothing without the token"
}

check_watch() {
  local watching
  composed run --rm -T watch </dev/null >"$work/watched" 2>"$work/said" &
  watching=$!
  until_it_is "$ARRIVES_WITHIN_S" "a reading for \`watch\`" grep -q '^solar/.*/readings ' "$work/watched"
  kill "$watching"
  remove_one_offs
  wait "$watching" || true
  say "\`watch\` shows what passes"
}

kill_a_forwarder() {
  say "a forwarder is killed"
  quietly composed kill -s KILL forwarder-1
  write_numbers
  [[ $(inspect forwarder-1 '{{.State.Running}}') == false ]] || die "forwarder-1 still runs"
  quietly composed start forwarder-1
  until_it_is "$HEALTHY_WITHIN_S" "all healthy" all_are_healthy
}

stop_for_a_while() { # stop_for_a_while SERVICE
  say "$1 is stopped"
  quietly composed stop --timeout 10 "$1"
  write_numbers
  quietly composed start "$1"
  until_it_is "$HEALTHY_WITHIN_S" "all healthy" all_are_healthy
}

check_arrivals() {
  composed exec -T broker cat /mosquitto/secrets/ca.crt </dev/null >"$work/ca.crt"
  composed run --rm -T prepare cat /credentials/central/token </dev/null >"$work/token" 2>"$work/said"
  until_it_is "$ARRIVES_WITHIN_S" "readings of ${VILLAGES[*]} at central" villages_at_central
  say "readings of ${VILLAGES[*]} arrive"
  write_numbers
  until_it_is "$ARRIVES_WITHIN_S" "what was written, at central" has_last "$((next - 1))"
}

check_faults() {
  local began
  kill_a_forwarder
  stop_for_a_while broker
  stop_for_a_while central
  began=$SECONDS
  until_it_is "$ALL_ARRIVES_WITHIN_S" "every reading at central, once" nothing_is_missing
  say "all $(wc -l <"$work/written") that were written meanwhile are at central, each once, and all of the meters', after $((SECONDS - began)) s"
}

check_down_and_up() {
  local before
  before=$(at_central | wc -l)
  quietly composed down --timeout 30
  bring_up
  # The same CA still: credentials are kept.
  (($(at_central | wc -l) >= before)) || die "central has forgotten something"
  write_numbers
  until_it_is "$ALL_ARRIVES_WITHIN_S" "every reading at central, once" nothing_is_missing
  say "taken down and brought up again: credentials and readings are still there"
  quietly composed down --volumes --timeout 30
  [[ -z $(docker volume ls --quiet --filter "label=com.docker.compose.project=$project") ]] || die "volumes are left"
}

main() {
  while [[ $# -gt 0 ]]; do
    case $1 in
      --compose) read -r -a compose <<<"${2:?}" && shift 2 ;;
      --built) built=yes && shift ;;
      *)
        sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
        [[ $1 == --help ]] && exit 0
        exit 2
        ;;
    esac
  done
  [[ ${#compose[@]} -gt 0 ]] || choose_compose
  trap clean_up EXIT
  mkdir "$work/solar-sync"
  git ls-files -z | tar --null --files-from=- -c | tar -x -C "$work/solar-sync"
  say "$("${compose[@]}" version | head -n 1)"
  [[ -n $built ]] || { say "building" && quietly composed build; }
  bring_up
  check_limits
  check_arrivals
  check_separation
  check_strangers
  check_watch
  check_faults
  check_down_and_up
  say "compose: all is right, in $SECONDS s"
}

main "$@"
