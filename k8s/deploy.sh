#!/usr/bin/env bash
# Brings an overlay into the cluster, waits until it runs, and takes it back if it does not.
#
#   deploy.sh OVERLAY [IMAGE...]     IMAGE as solar-forwarder=NAME@sha256:... (or NAME:TAG); PATIENCE=20m in the environment
#
# The cluster is kubectl's current context. Taking back means the pods' previous template with its previous ConfigMap, which is
# still there: each version has a name of its own. That is done, too, where the cluster takes only a part of the overlay. Exit 0
# if the new version runs, 1 if not.
set -euo pipefail

readonly NAMESPACE=solar-sync
# For each workload. A salvage of a damaged inbox may take 15 of them; a Deployment, whose new pods have none, is given up after
# 10 (Kubernetes' progressDeadlineSeconds).
readonly PATIENCE=${PATIENCE:-20m}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
declare -A before=() # workload -> its revision; empty for one that is new

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'deploy: %s\n' "$*" >&2
  exit 1
}

ours() { kubectl --namespace "$NAMESPACE" "$@"; }

write_kustomization() { # write_kustomization OVERLAY IMAGE...: the overlay with these images
  local image name new
  printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../%s]\n' "$1"
  shift
  [[ $# -eq 0 ]] || printf 'images:\n'
  for image in "$@"; do
    name=${image%%=*} new=${image#*=}
    case $new in
      *@sha256:*) printf '  - {name: "%s", newName: "%s", digest: "%s"}\n' "$name" "${new%@*}" "${new#*@}" ;;
      *:*) printf '  - {name: "%s", newName: "%s", newTag: "%s"}\n' "$name" "${new%:*}" "${new##*:}" ;;
      *) die "$image has neither a digest nor a tag" ;;
    esac
  done
}

revision_of() { # revision_of WORKLOAD: empty if it is not there
  local name
  case $1 in
    deployment.apps/*)
      ours get "$1" --ignore-not-found -o 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}'
      ;;
    statefulset.apps/*)
      name=$(ours get "$1" --ignore-not-found -o 'jsonpath={.status.updateRevision}')
      [[ -z $name ]] || ours get controllerrevision "$name" -o 'jsonpath={.revision}'
      ;;
  esac
}

refuse_a_twin_of() { # refuse_a_twin_of WORKLOAD: the same forwarder as another overlay runs it; applying does not remove it
  local name=${1#*/} twin=deployment.apps
  [[ $1 != deployment.apps/* ]] || twin=statefulset.apps
  twin=$twin/$name
  [[ -n $(ours get "$twin" --ignore-not-found -o name) ]] || return 0
  die "$twin is there, from another overlay, and would run on beside $1. First take it away, as docs/operations.md says" \
    "under Another overlay: kubectl -n $NAMESPACE delete --cascade=orphan --ignore-not-found $twin hpa/$name"
}

unready_pods_of() { # unready_pods_of WORKLOAD
  ours get pods --selector "app.kubernetes.io/name=${1#*/}" -o \
    'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' |
    awk 'NF && $2 != "True" { print "pod/" $1 }'
}

tell_why() { # tell_why WORKLOAD...: the last words of the pods that are not ready, before they are gone
  local workload pod
  for workload in "$@"; do
    while read -r pod; do
      say "$pod is not ready; its last words:"
      ours logs --tail=10 "$pod" || true
    done < <(unready_pods_of "$workload")
  done
}

take_back() { # take_back WORKLOAD...
  local workload pods
  for workload in "$@"; do
    [[ -n ${before[$workload]} ]] || {
      say "$workload is new: nothing to go back to; see kubectl -n $NAMESPACE describe $workload"
      continue
    }
    # What has not changed is told so and left alone.
    ours rollout undo "$workload" --to-revision="${before[$workload]}" || true
    # A StatefulSet waits for a broken pod for ever, also when it is about to replace it.
    [[ $workload == statefulset.apps/* ]] || continue
    mapfile -t pods < <(unready_pods_of "$workload")
    [[ ${#pods[@]} -eq 0 ]] || ours delete --wait=false "${pods[@]}"
  done
}

main() {
  [[ $# -ge 1 && $1 != -* ]] || die "usage: deploy.sh OVERLAY [solar-forwarder=IMAGE...]"
  local overlay=$1 work built image workload workloads failed=()
  shift
  [[ -f $here/overlays/$overlay/kustomization.yaml ]] || die "there is no overlay $overlay"
  work=$(mktemp -d "$here/overlays/.deploy-XXXXXX") # kustomize finds overlays by relative paths
  # shellcheck disable=SC2064 # $work is known now and not later
  trap "rm -rf '$work'" EXIT
  write_kustomization "$overlay" "$@" >"$work/kustomization.yaml"
  built=$work/built.yaml
  kubectl kustomize "$work" >"$built"
  for image in "$@"; do
    grep -qF -- "image: ${image#*=}" "$built" || die "$overlay has no image ${image%%=*}: does it give it another name?"
  done

  mapfile -t workloads < <(kubectl apply --dry-run=client -o name -f "$built" | grep -E '^(deployment|statefulset)\.apps/')
  [[ ${#workloads[@]} -gt 0 ]] || die "there is nothing to run in $overlay"
  for workload in "${workloads[@]}"; do
    refuse_a_twin_of "$workload"
    before[$workload]=$(revision_of "$workload")
  done

  say "applying $overlay"
  kubectl apply -f "$built" || {
    take_back "${workloads[@]}"
    die "the cluster did not take all of $overlay"
  }
  for workload in "${workloads[@]}"; do
    ours rollout status "$workload" --timeout="$PATIENCE" || failed+=("$workload")
  done
  [[ ${#failed[@]} -gt 0 ]] || {
    say "$overlay runs"
    return 0
  }
  ours get pods -o wide || true
  tell_why "${failed[@]}"
  take_back "${workloads[@]}"
  die "did not come up within $PATIENCE: ${failed[*]}"
}

main "$@"
