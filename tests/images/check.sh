#!/usr/bin/env bash
# Builds the images and checks what is promised of them: size, owner, labels, no shell, nothing to write to but the data folder,
# started without any privilege, healthy within 2 s, and a reading all the way: publisher -> broker -> forwarder -> central,
# each from its image, encrypted, with the broker's own configuration.
#
# usage: check.sh [--engine docker|podman|buildah] [--network NAME] [--build-arg NAME=VALUE]... [--twice]
#                 [--built] [--image PROGRAM=NAME]...
#   --engine    default: the first of these that works; buildah builds and looks inside, but starts nothing
#   --network   of the build, as the engine knows it, where its default does not work: host
#   --build-arg BASE=IMAGE the Debian that they are built on; CURL_VERSION=VERSION where a mirror lacks the newest source
#   --built     builds nothing: checks the images that are there
#   --image     pulls this one in the place of building it: forwarder=REGISTRY/solar-forwarder@sha256:... is what was pushed
#   --twice     builds a second time without any cache: each layer must come out the same, byte for byte
#
# Leaves the images behind, named as compose/ and k8s/ name them, and nothing else.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly SIZE_MAX=30000000
readonly HEALTHY_WITHIN_MS=2000
# The tag by which compose.yaml and the manifests name them.
readonly VERSION=0.1.0
readonly VILLAGE=Bamenda
readonly PROGRAMS=(forwarder publisher central)
readonly -A DATA=([forwarder]=inbox [publisher]=outbox [central]=data)
# What a cluster that enforces Pod Security as restricted does to a container.
readonly RESTRICTED=(--read-only --cap-drop=ALL --security-opt=no-new-privileges --memory=256m)
# As in compose.yaml; central has a thread for each connection.
readonly -A PIDS_MAX=([forwarder]=64 [publisher]=64 [central]=320)
declare -A given=() # program -> an image that somebody else has built

engine='' arguments=() network=() twice='' built=''
prefix=solar-check-$$
work=$(mktemp -d "${TMPDIR:-/tmp}/$prefix-XXXXXX")
started=() # containers, the last one first: the others share the first one's network

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'images: %s\n' "$*" >&2
  exit 1
}

clean_up() {
  local status=$? name
  if [[ $status -ne 0 && ${#started[@]} -gt 0 ]]; then
    for name in "${started[@]}"; do
      printf '%s\n' "--- $name said:" >&2
      "$engine" logs "$name" 2>&1 | tail -n 20 >&2 || true
    done
  fi
  # One by one: podman removes all at once, and not the one whose network the others share.
  for name in "${started[@]}"; do "$engine" rm --force --volumes "$name" >/dev/null 2>&1 || true; done
  "$engine" volume rm --force "$prefix" "$prefix-readings" >/dev/null 2>&1 || true
  rm -rf "$work"
  exit "$status"
}

# shellcheck source=tests/images/inside.sh
source tests/images/inside.sh

has() { command -v "$1" >/dev/null 2>&1; }

choose_engine() {
  local one
  for one in docker podman buildah; do
    if has "$one" && "$one" info >/dev/null 2>&1; then
      engine=$one
      return
    fi
  done
  die "neither podman nor docker nor buildah works here"
}

# --- building ---

build() { # build TARGET TAG ARGUMENT...
  say "$engine builds $1"
  local target=$1 tag=$2 options=("${network[@]}" "${arguments[@]}" --build-arg "VERSION=$version"
    --build-arg "SOURCE_DATE_EPOCH=$epoch" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)")
  shift 2
  case $engine in
    # Only this format knows health checks; --timestamp: the history's and the root folder's too.
    podman | buildah) options+=(--format docker --timestamp "$epoch") ;;
  esac
  "$engine" build "${options[@]}" --target "$target" --tag "$tag" "$@" . >"$work/build.log" 2>&1 || {
    tail -n 40 "$work/build.log" >&2
    die "$target cannot be built"
  }
}

bring() { # bring PROGRAM: under its own name
  say "$engine pulls ${given[$1]}"
  "$engine" pull "${given[$1]}" >"$work/build.log" 2>&1 || die "$(cat "$work/build.log")"
  "$engine" tag "${given[$1]}" "$(image_of "$1")"
}

build_tools() {
  say "$engine builds what needs a shell: $tools"
  "$engine" build "${network[@]}" "${arguments[@]}" --file compose/broker.Dockerfile --tag "$tools" compose >"$work/build.log" 2>&1 ||
    die "$(cat "$work/build.log")"
}

image_of() { printf 'solar-%s:%s' "$1" "$VERSION"; }

field() { # field IMAGE TEMPLATE
  case $engine in
    buildah) buildah inspect --type image --format "${2//.Config/.Docker.Config}" "$1" ;;
    *) "$engine" image inspect --format "$2" "$1" ;;
  esac
}

layers_of() {
  case $engine in
    buildah) buildah inspect --type image --format '{{.OCIv1.RootFS.DiffIDs}}' "$1" ;;
    *) "$engine" image inspect --format '{{.RootFS.Layers}}' "$1" ;;
  esac
}

compare_twice() {
  local program again
  for program in "${PROGRAMS[@]}"; do
    again=localhost/$prefix-$program:again
    # One stage has all the work: the others take it from the cache that the first one leaves.
    if [[ $program == "${PROGRAMS[0]}" ]]; then build "$program" "$again" --no-cache; else build "$program" "$again"; fi
    [[ $(layers_of "$(image_of "$program")") == "$(layers_of "$again")" ]] ||
      die "$program: built twice, its layers differ: $(layers_of "$(image_of "$program")") $(layers_of "$again")"
    "$engine" rmi "$again" >/dev/null
  done
  say "built twice: the layers are the same"
}

# --- running: all in one network, the broker's, so that no bridge is needed ---

start() { # start NAME ARGUMENT...
  local name=$prefix-$1
  shift
  started=("$name" "${started[@]}")
  "$engine" run --detach --name "$name" "${RESTRICTED[@]}" "$@" >/dev/null
}

tool() { # tool ARGUMENT... -- COMMAND...: once, in a container of its own with a shell
  local options=()
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  "$engine" run --rm "${RESTRICTED[@]}" --tmpfs /tmp "${options[@]}" "$tools" "$@"
}

now_ms() { printf '%s' "$(($(date +%s%N) / 1000000))"; }

until_it_is() { # until_it_is WHAT COMMAND...: tries for 30 s
  local what=$1 ends=$((SECONDS + 30))
  shift
  until "$@" >"$work/said" 2>&1; do
    ((SECONDS < ends)) || {
      cat "$work/said" >&2
      die "$what: not within 30 s"
    }
    sleep 0.05
  done
}

ask_health() { # ask_health PROGRAM: as its HEALTHCHECK does
  local command
  mapfile -t command < <(field "$(image_of "$1")" '{{range .Config.Healthcheck.Test}}{{println .}}{{end}}' | sed '1d;/^$/d')
  [[ $1 != central ]] || command+=(--url=https://localhost:8000/healthz --ca-file=/credentials/ca/ca.crt)
  "$engine" exec "$prefix-$1" "${command[@]}"
}

start_and_wait() { # start_and_wait PROGRAM ARGUMENT...
  local program=$1 before after
  shift
  before=$(now_ms)
  start "$program" --network "container:$prefix-broker" --volume "/${DATA[$program]}" --pids-limit "${PIDS_MAX[$program]}" "$@"
  until_it_is "$program's health" ask_health "$program"
  after=$(now_ms)
  say "$program: healthy after $((after - before)) ms"
  ((after - before <= HEALTHY_WITHIN_MS)) || die "$program: healthy too late"
}

check_process() { # check_process PROGRAM: seen from a container that shares its processes
  tool --pid "container:$prefix-$1" --network none -- cat /proc/1/status >"$work/status"
  [[ $(awk '/^Uid:/ { print $2, $3 }' "$work/status") == "1000 1000" ]] || die "$1: does not run as 1000"
  [[ $(awk '/^Cap(Eff|Prm|Bnd):/ && $2 !~ /^0+$/' "$work/status") == "" ]] || die "$1: has capabilities"
  [[ $(awk '/^NoNewPrivs:/ { print $2 }' "$work/status") == 1 ]] || die "$1: may gain privileges"
  say "$1: uid 1000, no capabilities, $(awk '/^VmRSS:/ { print $2, $3 }' "$work/status") in memory"
}

central_has() { # central_has COUNT: asked over TLS
  tool --network "container:$prefix-broker" --volume "$prefix:/credentials:ro" -- bash -c \
    'printf "GET /api/solar/count HTTP/1.0\r\nHost: localhost\r\n\r\n" | timeout 5 openssl s_client -quiet -verify_return_error \
       -verify_hostname localhost -CAfile /credentials/ca/ca.crt -connect localhost:8000 2>/dev/null' |
    grep -q "\"readings\":$1[,}]"
}

broker_settings() { # broker_settings FOLDER: where they are for a container that has the volume of credentials
  printf -- '--env\n%s\n' BROKER_URL=mqtts://localhost:8883 "MQTT_CA_FILE=$1/ca.crt" "MQTT_CERTIFICATE_FILE=$1/client.crt" \
    "MQTT_KEY_FILE=$1/client.key"
}

start_broker_and_central() {
  tool --network none --volume "$prefix:/credentials" -- make-credentials "$VILLAGE" >/dev/null
  start broker --network none --tmpfs /tmp --volume "$PWD/compose/mosquitto:/mosquitto/config:ro" \
    --volume "$prefix:/credentials:ro" --volume /mosquitto/data "$tools" bash -c \
    'sed "s,/mosquitto/secrets,/credentials/broker," /mosquitto/config/mosquitto.conf >/tmp/m.conf && exec mosquitto -c /tmp/m.conf'
  start_and_wait central --volume "$prefix:/credentials:ro" "$(image_of central)" --listen=0.0.0.0:8000 \
    --database=/data/central.db --certificate-file=/credentials/central/server.crt --key-file=/credentials/central/server.key
}

relay_readings() {
  local began forwarder publisher
  mapfile -t forwarder < <(broker_settings /credentials/forwarder)
  mapfile -t publisher < <(broker_settings "/credentials/villages/$VILLAGE")
  publisher+=(--volume "$prefix:/credentials:ro" --env "VILLAGE=$VILLAGE" --env RECONNECT_SPREAD=0s)
  start_and_wait forwarder --volume "$prefix:/credentials:ro" "${forwarder[@]}" --env CONFIG=/credentials/forwarder/settings.toml \
    --env API_URL=https://localhost:8000/api/solar --env API_CA_FILE=/credentials/forwarder/ca.crt "$(image_of forwarder)"
  began=$(now_ms)
  # Its exit status says that central has it: a receipt came back.
  "$engine" run --rm "${RESTRICTED[@]}" --network "container:$prefix-broker" --volume /outbox "${publisher[@]}" \
    "$(image_of publisher)" send '{"power_kw":120}' --timeout 30s || die "the reading did not arrive"
  say "publisher -> broker -> forwarder -> central over TLS: $(($(now_ms) - began)) ms"
  central_has 1 || die "central does not have the reading"
  # The same as a service, with a source of two lines.
  tool --network none --volume "$prefix-readings:/readings" -- bash -c 'printf "{\"power_kw\":%s}\n" 121 122 >/readings/lines'
  start_and_wait publisher --volume "$prefix-readings:/readings:ro" --env SOURCE=/readings/lines --env FOLLOW=yes \
    --env HTTP_LISTEN=127.0.0.1:8081 \
    "${publisher[@]}" "$(image_of publisher)"
  until_it_is "two more readings at central" central_has 3
}

check_running() {
  local program
  start_broker_and_central
  relay_readings
  for program in "${PROGRAMS[@]}"; do check_process "$program"; done
  for program in "${PROGRAMS[@]}"; do
    [[ $("$engine" run --rm --network none "${RESTRICTED[@]}" "$(image_of "$program")" --version) == "solar-$program $version" ]] ||
      die "$program: --version does not say $version"
    "$engine" stop --time 30 "$prefix-$program" >/dev/null
    [[ $("$engine" inspect --format '{{.State.ExitCode}}' "$prefix-$program") == 0 ]] || die "$program: ended otherwise than with 0"
  done
  say "all three end with 0 when they are told to"
}

main() {
  local program
  while [[ $# -gt 0 ]]; do
    case $1 in
      --engine) engine=${2:?} && shift 2 ;;
      --build-arg) arguments+=("--build-arg=${2:?}") && shift 2 ;;
      --network) network=("--network=${2:?}") && shift 2 ;;
      --twice) twice=yes && shift ;;
      --built) built=yes && shift ;;
      --image)
        [[ -n ${DATA[${2%%=*}]:-} && $2 == *=?* ]] || die "--image PROGRAM=NAME, with one of: ${PROGRAMS[*]}"
        given[${2%%=*}]=${2#*=} && shift 2
        ;;
      *)
        sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
        [[ $1 == --help ]] && exit 0
        exit 2
        ;;
    esac
  done
  [[ -n $engine ]] || choose_engine
  trap clean_up EXIT
  epoch=$(shared/version.sh --time)
  version=$(shared/version.sh)
  for program in "${PROGRAMS[@]}"; do
    if [[ -n ${given[$program]:-} ]]; then
      bring "$program"
    elif [[ -z $built ]]; then
      build "$program" "$(image_of "$program")"
    fi
    check_configuration "$program"
    check_inside "$program"
  done
  [[ -z $twice ]] || compare_twice
  [[ $engine != buildah ]] || {
    say "images: all that buildah can check is right; podman or docker would start them too"
    exit 0
  }
  tools=solar-sync-tools:$VERSION
  [[ -n $built ]] || build_tools
  check_running
  say "images: all is right, in $SECONDS s"
}

main "$@"
