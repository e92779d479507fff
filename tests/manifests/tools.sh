#!/usr/bin/env bash
# Brings what check.sh uses and Debian does not have, or has too old, into one folder; nothing outside it changes. What is there
# already is kept, and what cannot be brought is told: check.sh then skips that part, and says so.
#
#   tools.sh FOLDER        FOLDER/bin then belongs into PATH; FOLDER/node_modules is SOLAR_NODE_MODULES
#   tools.sh --can-build   whether a kustomize or a kubectl that is new enough is there: else FOLDER needs go
#
# Needs npm, python3 with venv, and apt-get.
set -euo pipefail

readonly KUBECTL_MINOR_MIN=27
# The one that kubectl 1.27 has built in; Debian 12's Go can still compile it.
readonly KUSTOMIZE=sigs.k8s.io/kustomize/kustomize/v5@v5.0.1
readonly PYTHON_PACKAGES=(check-jsonschema==0.39.0 openapi-spec-validator==0.7.2)

has() { command -v "$1" >/dev/null 2>&1; }

can_build() {
  local minor
  ! has kustomize || return 0
  minor=$(kubectl version --client --output=json 2>/dev/null | grep -o '"minor": *"[0-9]*' | grep -o '[0-9]*$' | head -n 1)
  ((${minor:-0} >= KUBECTL_MINOR_MIN))
}

if [[ ${1:-} == --can-build ]]; then
  can_build
  exit
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:?tools.sh FOLDER}/bin"
folder=$(cd "$1" && pwd)
PATH=$folder/bin:$PATH

bring() { # bring WHAT COMMAND...
  local what=$1
  shift
  "$@" >"$folder/log" 2>&1 || {
    tail -n 5 "$folder/log" >&2
    printf 'manifests: could not bring %s\n' "$what" >&2
  }
}

# Each is one chain, for errexit is off in them.

node_packages() {
  cp "$here/package.json" "$folder/" &&
    npm install --prefix "$folder" --no-package-lock --ignore-scripts --no-audit --no-fund &&
    touch "$folder/node_modules"
}

python_packages() { # each is named as its program
  local programs=("${PYTHON_PACKAGES[@]%%==*}")
  python3 -m venv "$folder/venv" &&
    "$folder/venv/bin/pip" install --quiet "${PYTHON_PACKAGES[@]}" &&
    ln -sf "${programs[@]/#/../venv/bin/}" "$folder/bin/"
}

from_prometheus() { # from the package, without installing it: that would start a server
  cd "$folder" &&
    apt-get download prometheus &&
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x -C bin --strip-components=3 ./usr/bin/promtool &&
    rm prometheus_*.deb
}

[[ $folder/node_modules -nt $here/package.json ]] || bring "npm's packages" node_packages
[[ -x $folder/bin/openapi-spec-validator ]] || bring "Python's packages" python_packages
has promtool || (bring promtool from_prometheus)
can_build || GOBIN=$folder/bin bring kustomize go install "$KUSTOMIZE"
