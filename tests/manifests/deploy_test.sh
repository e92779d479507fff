#!/usr/bin/env bash
# k8s/deploy.sh against a real API server with real controllers: what comes up stays, what does not is taken back. Only for a
# server that api_server.sh has started: it applies and deletes in earnest.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly IMAGE=registry.example.org/solar-forwarder
export PATIENCE=15s

work=$(mktemp -d "${TMPDIR:-/tmp}/solar-deploy-XXXXXX")
"${SOLAR_CONTROLLERS:?only with api_server.sh}" >"$work/controllers.log" 2>&1 &
trap 'kill $! 2>/dev/null; rm -rf "$work"' EXIT

die() {
  cat "$work/said" >&2
  printf 'deploy test: %s\n' "$*" >&2
  exit 1
}

ours() { kubectl --namespace solar-sync "$@"; }

deploys() { # deploys STATUS SENTENCE OVERLAY [IMAGE...]: its exit status, and a part of what it says
  local status=0
  k8s/deploy.sh "${@:3}" >"$work/said" 2>&1 || status=$?
  [[ $status == "$1" ]] || die "deploy.sh ${*:3} ended with $status, not $1"
  grep -qF -- "$2" "$work/said" || die "deploy.sh ${*:3} does not say: $2"
}

runs() { # runs WORKLOAD IMAGE: all its pods are ready, and of this image
  local image pods
  ours rollout status "$1" --timeout=30s >"$work/said" 2>&1 || die "$1 does not run"
  image=$(ours get "$1" -o 'jsonpath={.spec.template.spec.containers[0].image}')
  [[ $image == "$2" ]] || die "$1 has the image $image, not $2"
  pods=$(ours get pods --selector "app.kubernetes.io/name=${1#*/}" -o \
    'jsonpath={range .items[*]}{.spec.containers[0].image} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' | sort -u)
  [[ $pods == "$2 True" ]] || die "$1: its pods are: $pods"
}

deployment() {
  deploys 1 "nothing to go back to" production "solar-forwarder=$IMAGE:0-broken"
  deploys 0 "production runs" production "solar-forwarder=$IMAGE:1"
  runs deployment/solar-forwarder "$IMAGE:1"
  deploys 1 "did not come up within $PATIENCE: deployment.apps/solar-forwarder" production "solar-forwarder=$IMAGE:2-broken"
  grep -qE 'pod/solar-forwarder-.* is not ready; its last words' "$work/said" || die "it does not say why"
  runs deployment/solar-forwarder "$IMAGE:1"
  deploys 0 "production runs" production "solar-forwarder=$IMAGE:3"
  runs deployment/solar-forwarder "$IMAGE:3"
}

broker() { # one pod at a time: a broken one is waited for, for ever, unless it is taken away
  local before
  before=$(ours get statefulset solar-broker -o 'jsonpath={.spec.template.spec.containers[0].image}')
  deploys 1 "did not come up within $PATIENCE: statefulset.apps/solar-broker" production "solar-forwarder=$IMAGE:3" \
    eclipse-mosquitto=registry.example.org/mosquitto:2-broken
  runs statefulset/solar-broker "$before"
  runs deployment/solar-forwarder "$IMAGE:3"
}

half_taken() { # what the API server refuses in one workload must not stay in the other
  local overlay
  overlay=$(mktemp -d k8s/overlays/.deploy-test-XXXXXX)
  trap 'kill $! 2>/dev/null; rm -rf "$work" "'"$overlay"'"' EXIT
  cat >"$overlay/kustomization.yaml" <<'END'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../production]
patches:
  - target: {kind: StatefulSet, name: solar-broker}
    patch: |
      - op: replace
        path: /spec/serviceName
        value: another
END
  deploys 1 "the cluster did not take all of" "${overlay##*/}" "solar-forwarder=$IMAGE:4"
  grep -q 'deployment.apps/solar-forwarder configured' "$work/said" || die "nothing was half taken"
  rm -rf "$overlay"
  runs deployment/solar-forwarder "$IMAGE:3"
}

another_overlay() { # applying durable-inbox leaves what production runs
  deploys 1 "deployment.apps/solar-forwarder is there, from another overlay" durable-inbox "solar-forwarder=$IMAGE:1"
  [[ -z $(ours get statefulset solar-forwarder --ignore-not-found -o name) ]] || die "it was applied all the same"
  ours delete deployment/solar-forwarder hpa/solar-forwarder --ignore-not-found >/dev/null
}

stateful_set() {
  local kind
  # One by one: nobody collects garbage here.
  for kind in replicaset pod; do ours delete "$kind" --selector app.kubernetes.io/name=solar-forwarder >/dev/null; done
  deploys 0 "durable-inbox runs" durable-inbox "solar-forwarder=$IMAGE:1"
  runs statefulset/solar-forwarder "$IMAGE:1"
  deploys 1 "did not come up within $PATIENCE: statefulset.apps/solar-forwarder" durable-inbox "solar-forwarder=$IMAGE:2-broken"
  runs statefulset/solar-forwarder "$IMAGE:1"
  deploys 0 "durable-inbox runs" durable-inbox "solar-forwarder=$IMAGE:3"
  runs statefulset/solar-forwarder "$IMAGE:3"
}

nothing_is_applied_by_mistake() {
  local before after
  before=$(ours get statefulset solar-forwarder -o 'jsonpath={.metadata.generation}')
  deploys 1 "there is no overlay productoin" productoin
  deploys 1 "has no image solar-forwader" durable-inbox "solar-forwader=$IMAGE:4"
  deploys 1 "neither a digest nor a tag" durable-inbox solar-forwarder=x
  after=$(ours get statefulset solar-forwarder -o 'jsonpath={.metadata.generation}')
  [[ $before == "$after" ]] || die "something was applied"
}

deployment
broker
half_taken
another_overlay
stateful_set
nothing_is_applied_by_mistake
printf 'deploy.sh: new, up, taken back, up again: as Deployment and as StatefulSets, in %s s\n' "$SECONDS"
