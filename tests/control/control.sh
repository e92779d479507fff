#!/usr/bin/env bash
# Control experiments: builds that are wrong on purpose, each of which `prove` must catch. Otherwise its silence about
# the right build would mean nothing.
#
# usage: control.sh [--seed N] [--release FOLDER] [--work FOLDER] [NAME...]
#   --seed     of the first round (default 1)
#   --release  build of the right code with prove and solar-central (default build/release)
#   --work     scratch tree and wrong build, kept for the next time (default build/control)
#   NAME       of patches, without .patch (default: all)
#
# A patch begins with lines `key: value`:
#   what      what is wrong, for people
#   program   what must be built
#   kinds     kinds of fault, any of which may catch it
#   rounds    within so many rounds of each
#   expect    an extended regular expression for what prove says of the bad round
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
cd "$here/../.."

seed=1
release=build/release
work=build/control
names=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --seed) seed=$2 && shift 2 ;;
    --release) release=$2 && shift 2 ;;
    --work) work=$2 && shift 2 ;;
    *) names+=("$1") && shift ;;
  esac
done
if [[ ${#names[@]} -eq 0 ]]; then
  for file in "$here"/*.patch; do names+=("$(basename "$file" .patch)"); done
fi
mkdir -p "$work"
release=$(cd "$release" && pwd)
work=$(cd "$work" && pwd)
readonly seed release work names
readonly SOURCES=(CMakeLists.txt CMakePresets.json shared publisher forwarder)

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'control: %s\n' "$*" >&2
  exit 1
}

# Where it is missing nothing would be caught either.
[[ -x $release/bin/prove && -x $release/bin/solar-central ]] || die "there is no prove in $release/bin; ./dev prove builds it"

field() { # field NAME KEY: of a patch's first lines
  sed -n -E "/^diff /q; s/^$2: *//p" "$here/$1.patch"
}

# The tree becomes what the sources are. Files that are the same keep their time, so that only others are compiled.
refresh() {
  local file
  mkdir -p "$work/tree"
  while IFS= read -r -d '' file; do
    [[ -e $file ]] || rm "$work/tree/$file"
  done < <(cd "$work/tree" && find . -type f -print0)
  while IFS= read -r -d '' file; do
    cmp -s "$file" "$work/tree/$file" || install -D -m 644 "$file" "$work/tree/$file"
  done < <(find "${SOURCES[@]}" -type f -print0)
}

build() { # build NAME
  local targets
  refresh
  # The scratch tree is no repository of its own, and must not be taken for a part of this one.
  GIT_CEILING_DIRECTORIES=$work git -C "$work/tree" apply --whitespace=nowarn "$here/$1.patch" ||
    die "tests/control/$1.patch does not apply any more: write it anew for the present code"
  read -r -a targets <<<"$(field "$1" program)"
  {
    cmake --preset release -S "$work/tree" -B "$work/build" -DSOLAR_TESTS=OFF &&
      cmake --build "$work/build" --target "${targets[@]}"
  } >"$work/$1.build.log" 2>&1 || {
    tail -n 30 "$work/$1.build.log" >&2
    die "the wrong build $1 does not compile"
  }
  # Only what is wrong is taken from the wrong build.
  rm -rf "${work:?}/bin"
  mkdir "$work/bin"
  ln -s "$release"/bin/solar-* "$work/bin/"
  for target in "${targets[@]}"; do ln -sf "$work/build/bin/$target" "$work/bin/$target"; done
}

caught() { # caught NAME KIND: after how many rounds and by what, as cells of the table; fails if it was not
  local rounds log=$work/$1.$2.log cells
  if SOLAR_BIN_DIR=$work/bin "$release/bin/prove" --kind "$2" --rounds "$(field "$1" rounds)" --seed "$seed" \
    --until-bad >"$log" 2>&1; then
    return 1
  fi
  # The bad round is the last, and its line says lost as a number.
  cells=$(grep -E " seed |BAD:" "$log" | grep -v "BAD: all files are kept in" |
    sed -E 's/^.* ([0-9]+) accepted +([0-9]+) lost.*/\2 of \1 lost/; s/^ *BAD: //' | grep -v '^0 of' |
    grep -E -m 1 "$(field "$1" expect)") || return 1
  rounds=$(grep -c " seed " "$log")
  printf '%s | %s' "$rounds" "${cells:0:90}"
}

forget_kept_files() { # forget_kept_files NAME KIND: what a bad round keeps for people is of no use here
  sed -n -E 's/^ *BAD: all files are kept in (.*solar-test-[[:alnum:]]+)$/\1/p' "$work/$1.$2.log" | xargs -r rm -rf
}

play() { # play NAME: prints its row
  local kind cells
  for kind in $(field "$1" kinds); do
    if cells=$(caught "$1" "$kind"); then
      forget_kept_files "$1" "$kind"
      printf '| %s | %s | %s |\n' "$(field "$1" what)" "$kind" "$cells" | tee -a "$work/table"
      return 0
    fi
    if grep -q "not played" "$work/$1.$kind.log"; then
      printf '| %s | %s | | not played here |\n' "$(field "$1" what)" "$kind" | tee -a "$work/table"
      unplayed=$((unplayed + 1))
      return 0
    fi
  done
  printf '| %s | %s | | NOT CAUGHT in %s rounds of each |\n' "$(field "$1" what)" "$(field "$1" kinds)" \
    "$(field "$1" rounds)" | tee -a "$work/table"
  return 1
}

failed=()
unplayed=0
: >"$work/table"
for name in "${names[@]}"; do
  [[ -f $here/$name.patch ]] || die "no such control: $name"
  build "$name"
  play "$name" || failed+=("$name")
done

printf '\n| what is wrong | kind of fault | caught in round | by |\n|---|---|---|---|\n'
cat "$work/table"
[[ ${#failed[@]} -eq 0 ]] || die "not caught: ${failed[*]}; see $work/"
say "$((${#names[@]} - unplayed)) of ${#names[@]} wrong builds were caught, $unplayed not played, in $SECONDS s"
