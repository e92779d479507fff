#!/usr/bin/env bash
# Runs a command with a real Kubernetes API server behind kubectl: etcd and kube-apiserver on 127.0.0.1, with the namespace
# solar-sync, the types of the Prometheus operator, and nothing else: no node, so nothing is ever started. Both end with it.
# The command finds what plays controllers and nodes (controllers.go), if it wants them, by SOLAR_CONTROLLERS.
#
#   api_server.sh FOLDER COMMAND...      FOLDER keeps the programs; the first time takes some minutes
#
# Needs go and kubectl. The API server is compiled from its Go modules, etcd comes from Debian's package etcd-server.
set -euo pipefail

readonly KUBERNETES=1.32.13
readonly PROMETHEUS_OPERATOR=github.com/prometheus-operator/prometheus-operator@v0.79.2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:?api_server.sh FOLDER COMMAND...}/bin"
folder=$(cd "$1" && pwd)
shift

die() {
  printf 'api server: %s\n' "$*" >&2
  exit 1
}

# --- the programs ---

module_file() ( # kubernetes is made to be compiled in its own tree: elsewhere, its parts must be named
  local mod
  cd /
  mod=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
  printf 'module api-server\n\n'
  grep -E '^(go|godebug) ' "$mod"
  printf '\nrequire k8s.io/kubernetes v%s\n\n' "$KUBERNETES"
  sed -n "s,^\t\(k8s.io/[a-z-]*\) => .*,replace \1 => \1 v0.${KUBERNETES#1.},p" "$mod"
)

compile() { # compile PROGRAM PACKAGE
  local version=k8s.io/component-base/version
  mkdir -p "$folder/source"
  # Go reads a go.mod that is there, also a half written one.
  module_file >"$folder/go.mod"
  cd "$folder/source"
  mv ../go.mod .
  cp "$here/controllers.go" .
  printf '//go:build tools\n\npackage main\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n' >imports.go
  GOFLAGS=-mod=mod CGO_ENABLED=0 go build -o "$folder/bin/$1" -ldflags "-s -w -X $version.gitVersion=v$KUBERNETES \
    -X $version.gitMajor=1 -X $version.gitMinor=$(cut -d. -f2 <<<"$KUBERNETES")" "$2"
}

unpack_etcd() { # without installing it: that would start a server
  cd "$folder"
  apt-get download -q etcd-server
  dpkg-deb --fsys-tarfile etcd-server_*.deb | tar -x -C bin --strip-components=3 ./usr/bin/etcd
  rm etcd-server_*.deb
}

make_once() { # make_once PROGRAM COMMAND...: in the background, for errexit is off wherever a status is asked for
  [[ ! -x $folder/bin/$1 ]] || return 0
  "${@:2}" >"$folder/log" 2>&1 &
  wait $! || die "$1: $(tail -n 5 "$folder/log")"
}

make_once kube-apiserver compile kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
make_once controllers compile controllers .
make_once etcd unpack_etcd

# --- one life of theirs ---

work=$(mktemp -d "${TMPDIR:-/tmp}/solar-api-server-XXXXXX")
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT

free_ports() { # free_ports COUNT
  python3 -c 'import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in sockets: one.bind(("127.0.0.1", 0))
print(*[one.getsockname()[1] for one in sockets])' "$1"
}

start() {
  local client peer secure token
  read -r client peer secure <<<"$(free_ports 3)"
  token=$(openssl rand -hex 16)
  printf '%s,admin,admin,system:masters\n' "$token" >"$work/tokens"
  openssl genrsa -out "$work/key" 2048 2>/dev/null
  "$folder/bin/etcd" --data-dir "$work/etcd" --unsafe-no-fsync --listen-client-urls "http://127.0.0.1:$client" \
    --advertise-client-urls "http://127.0.0.1:$client" --listen-peer-urls "http://127.0.0.1:$peer" \
    --initial-advertise-peer-urls "http://127.0.0.1:$peer" --initial-cluster "default=http://127.0.0.1:$peer" \
    >"$work/etcd.log" 2>&1 &
  "$folder/bin/kube-apiserver" --etcd-servers "http://127.0.0.1:$client" --bind-address 127.0.0.1 --secure-port "$secure" \
    --cert-dir "$work/certificates" --token-auth-file "$work/tokens" --authorization-mode RBAC \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$work/key" \
    --service-account-signing-key-file "$work/key" --service-cluster-ip-range 10.0.0.0/24 >"$work/api-server.log" 2>&1 &
  export KUBECONFIG=$work/kubeconfig
  kubectl config set-cluster throw-away --server "https://127.0.0.1:$secure" \
    --certificate-authority "$work/certificates/apiserver.crt" >/dev/null
  kubectl config set-credentials admin --token "$token" >/dev/null
  kubectl config set-context throw-away --cluster throw-away --user admin --namespace solar-sync >/dev/null
  kubectl config use-context throw-away >/dev/null
}

wait_for_it() {
  local ends=$((SECONDS + 120))
  until kubectl get --raw /readyz >"$work/said" 2>&1 && kubectl get namespace kube-system >/dev/null 2>&1; do
    if ((SECONDS >= ends)) || [[ $(jobs -rp | wc -l) != 2 ]]; then
      tail -n 5 "$work"/*.log >&2
      die "does not start: $(<"$work/said")"
    fi
    sleep 0.2
  done
}

fill() { # what a cluster's controllers and other people's installations would have put there
  local types
  kubectl apply --server-side -f "$here/../../k8s/base/namespace.yaml" -f "$here/../../k8s/base/serviceaccount.yaml"
  kubectl create serviceaccount default
  types=$(go mod download -json "$PROMETHEUS_OPERATOR" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')/example/prometheus-operator-crd
  kubectl apply --server-side -f "$types/monitoring.coreos.com_servicemonitors.yaml" -f "$types/monitoring.coreos.com_prometheusrules.yaml"
  kubectl wait --for condition=Established crd --all --timeout 60s
}

start
wait_for_it
fill >"$work/said" 2>&1 || die "$(<"$work/said")"
SOLAR_CONTROLLERS=$folder/bin/controllers "$@"
