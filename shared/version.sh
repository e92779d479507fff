#!/usr/bin/env bash
# The version of this checkout, for packages, images and whoever asks; CMakeLists.txt has the number.
#
#   version.sh           0.1.0 at the tag v0.1.0; otherwise 0.1.0+git20261124034002.332a8b8e640e: when and which commit.
#                        apt and dpkg take a later commit for newer, and each of them for newer than the release
#   version.sh --time    the commit's time, as SOURCE_DATE_EPOCH wants it
#
# Where there is no git (an unpacked archive) it is the number alone, and the time 0.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'version: %s\n' "$*" >&2
  exit 1
}

number=$(sed -n 's/^project(solar-sync VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
[[ -n $number ]] || die "CMakeLists.txt has no version"
time=0 version=$number
if [[ -e .git ]]; then
  # A time of 0 would make packages that nobody takes, and git says best why it does not answer.
  time=$(git log -1 --format=%ct) || die "git does not read this checkout"
  tags=$(git tag --points-at HEAD --list 'v*')
  if [[ -z $tags ]]; then
    version+=+git$(TZ=UTC0 git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd.%h --abbrev=12)
  elif ! grep -qxF "v$number" <<<"$tags"; then
    die "this commit is tagged ${tags//$'\n'/ }, and CMakeLists.txt says $number"
  fi
fi
case ${1:-} in
  '') printf '%s\n' "$version" ;;
  --time) printf '%s\n' "$time" ;;
  *) die "version.sh [--time]" ;;
esac
