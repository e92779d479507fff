#!/usr/bin/env bash
# What can be said of the source without running it; ./dev lint brings what this needs. With a FILE: clang-tidy on that one only.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FOLDERS=(shared publisher forwarder tests)
readonly SCRIPTS=(dev .ci/run shared/debian/{postinst,prerm,postrm}.in compose/make-credentials compose/sunny-day k8s/deploy.sh .github/push.sh)
readonly STYLE_VERSION=14
readonly FILE_LINES_MAX=300

say() { printf '==> %s\n' "$*"; }

# Every part is one pipeline, for errexit is off in them.

sources() { # sources PATTERN...: files of ours by name, each ended by NUL
  local pattern names=()
  for pattern in "$@"; do names+=(-o -name "$pattern"); done
  find "${FOLDERS[@]}" -type f \( "${names[@]:1}" \) -print0 | sort -z
}

lint_format() { sources '*.hpp' '*.cpp' | xargs -0 clang-format --dry-run -Werror; }

tidy_file() { # tidy_file FILE: what was clean stays clean until it, a header of ours in it or the rules change
  local key
  key=$({
    clang-tidy --version
    cat .clang-tidy tests/.clang-tidy
    g++ -std=c++20 -I. -MM -MT "$1" "$1" | sed 's,[:\\],,g' | xargs cat
  } | sha256sum)
  key=build/lint/${1//\//.}.${key%% *}
  [[ ! -e $key ]] || return 0
  # On standard error it only counts what it finds in headers that are not ours.
  clang-tidy --quiet -p build/release "$1" 2>/dev/null && touch "$key"
}

lint_tidy() {
  mkdir -p build/lint
  # One process a file, the largest first: the processors end together.
  sources '*.cpp' | xargs -0 ls -S | xargs -d '\n' -P "$(nproc)" -n 1 tests/lint.sh
}

lint_scripts() { { printf '%s\0' "${SCRIPTS[@]}" && sources '*.sh'; } | xargs -0 shellcheck; }

lint_length() {
  local long
  long=$({ printf '%s\0' "${SCRIPTS[@]}" && sources '*.hpp' '*.cpp' '*.sh' '*.py'; } | xargs -0 awk -v max="$FILE_LINES_MAX" \
    'FNR == max + 1 { print FILENAME ": over " max " lines" }')
  [[ -z $long ]] || {
    printf '%s\n' "$long" >&2
    return 1
  }
}

lint_controls() { # the wrong builds that `prove` must catch can still be made of the present code
  local patch failed=0
  for patch in tests/control/*.patch; do git apply --check "$patch" || failed=1; done
  return "$failed"
}

note_other_version() {
  local version
  version=$(clang-format --version | sed -E 's/.*version ([0-9]+).*/\1/')
  [[ $version == "$STYLE_VERSION" ]] ||
    say "note: style is what clang $STYLE_VERSION (Debian 12) makes it; version $version may find more, or other things"
}

lint() {
  local part failed=()
  note_other_version
  for part in format length scripts controls tidy; do
    say "lint: $part"
    "lint_$part" || failed+=("$part")
  done
  [[ ${#failed[@]} -eq 0 ]] || {
    say "lint found something: ${failed[*]}" >&2
    exit 1
  }
  say "lint: clean, in $SECONDS s"
}

if [[ $# -gt 0 ]]; then tidy_file "$1"; else lint; fi
