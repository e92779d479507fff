#!/usr/bin/env bash
# Images with SBOM and provenance into a registry; `docker login` comes before.
#
#   push.sh build TARGET NAME:TAG       for this machine's processor: pushes NAME:TAG-amd64 or NAME:TAG-arm64
#   push.sh join NAME:TAG NAME:TAG...      joins both processors' images of the first under all of them; prints NAME@sha256:...
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'push: %s\n' "$*" >&2
  exit 1
}

build() { # build TARGET NAME:TAG
  local arch epoch version builder=solar-push
  arch=$(docker version --format '{{.Server.Arch}}')
  # The same commit gives the same layers, whenever it is built.
  epoch=$(shared/version.sh --time)
  version=$(shared/version.sh)
  # Docker's own builder cannot attest.
  docker buildx inspect "$builder" >/dev/null 2>&1 || docker buildx create --name "$builder" --driver docker-container >/dev/null
  SOURCE_DATE_EPOCH=$epoch docker buildx build --builder "$builder" --target "$1" --platform "linux/$arch" \
    --build-arg "VERSION=$version" --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" --sbom=true --provenance=mode=max \
    --output "type=image,name=$2-$arch,push=true,rewrite-timestamp=true" .
}

join() { # join NAME:TAG NAME:TAG...
  local tag tags=()
  for tag in "$@"; do tags+=(--tag "$tag"); done
  docker buildx imagetools create "${tags[@]}" "$1-amd64" "$1-arm64" >&2
  printf '%s@%s\n' "${1%:*}" "$(docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}')"
}

case ${1:-} in
  build) [[ $# -eq 3 ]] || die "push.sh build TARGET NAME:TAG" && build "$2" "$3" ;;
  join) [[ $# -ge 2 ]] || die "push.sh join NAME:TAG..." && join "${@:2}" ;;
  *) die "build or join" ;;
esac
