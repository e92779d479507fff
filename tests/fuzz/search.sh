#!/usr/bin/env bash
# ./dev fuzz: searches for input that breaks a promise, in all targets or in some; needs build/fuzz/bin/fuzz.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'fuzz: %s\n' "$*" >&2
  exit 1
}

search() { # search TARGET SECONDS: what it finds is left in build/fuzz/found/
  mkdir -p "build/fuzz/corpus/$1" build/fuzz/found
  say "fuzzing $1 for $2 s"
  SOLAR_FUZZ_TARGET=$1 build/fuzz/bin/fuzz "build/fuzz/corpus/$1" "tests/fuzz/corpus/$1" -dict=tests/fuzz/dictionary.txt \
    -artifact_prefix="build/fuzz/found/$1-" -max_total_time="$2" -timeout=5 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
}

main() {
  local minutes=10 target targets=() found=() each
  while [[ $# -gt 0 ]]; do
    case $1 in
      --minutes) minutes=${2:?--minutes N} && shift 2 ;;
      -*) die "fuzz takes --minutes N and names of folders of tests/fuzz/corpus" ;;
      *) targets+=("$1") && shift ;;
    esac
  done
  [[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "--minutes takes a number, not: $minutes"
  if [[ ${#targets[@]} -eq 0 ]]; then mapfile -t targets < <(ls tests/fuzz/corpus); fi
  # At least a second: 0 is for ever.
  each=$(awk -v minutes="$minutes" -v targets="${#targets[@]}" 'BEGIN { s = int(minutes * 60 / targets); print s < 1 ? 1 : s }')
  for target in "${targets[@]}"; do
    [[ -d tests/fuzz/corpus/$target ]] || die "no such target: $target (there are: $(ls -m tests/fuzz/corpus))"
    search "$target" "$each" || found+=("$target")
  done
  [[ ${#found[@]} -eq 0 ]] || die "found something (build/fuzz/found/; add it to tests/fuzz/corpus/TARGET): ${found[*]}"
  say "nothing found in $minutes min"
}

main "$@"
