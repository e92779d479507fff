# shellcheck shell=bash disable=SC2153,SC2154 # what check.sh, which sources this, has set
# What is in an image, and how it says that it is to be run.

list_files() { # list_files IMAGE: mode, owner, size, name of each
  local container folder
  case $engine in
    buildah)
      container=$(buildah from --pull-never "$1")
      folder=$(buildah mount "$container")
      tar -C "$folder" --numeric-owner -c . | tar --numeric-owner -tv | sed 's, \./, ,'
      buildah rm "$container" >/dev/null
      ;;
    *)
      container=$("$engine" create "$1")
      "$engine" export "$container" | tar --numeric-owner -tv
      "$engine" rm "$container" >/dev/null
      ;;
  esac
}

check_inside() { # check_inside PROGRAM
  local image data=${DATA[$1]} found size
  image=$(image_of "$1")
  list_files "$image" >"$work/files"
  found=$(awk '{ print $6 }' "$work/files" | grep -E '(^|/)(sh|bash|dash|ash|busybox|apt|dpkg|perl|python[0-9.]*)$' || true)
  [[ -z $found ]] || die "$1: there is a shell or the like in it: $found"
  found=$(awk '$1 ~ /^-..[sS]|^-.....[sS]/' "$work/files")
  [[ -z $found ]] || die "$1: a file gives its user more rights: $found"
  # Engines put /dev, /proc and the like in.
  found=$(awk -v data="$data/" '$2 != "0/0" && $6 != data' "$work/files")
  [[ -z $found ]] || die "$1: not root's: $found"
  # A link's own mode says nothing.
  found=$(awk '$1 ~ /^[-d]....w/ || $1 ~ /^[-d].......w/' "$work/files")
  [[ -z $found ]] || die "$1: others than its owner may write to: $found"
  grep -qE "^drwx------ 1000/1000 .* $data/\$" "$work/files" || die "$1: /$data is not a folder of 1000:1000 alone"
  size=$(awk '{ size += $3 } END { print size }' "$work/files")
  ((size <= SIZE_MAX)) || die "$1: $size bytes, more than $SIZE_MAX"
  say "$1: $(awk -v size="$size" 'BEGIN { printf "%.1f", size / 1e6 }') MB in $(wc -l <"$work/files") files; the largest:"
  sort -k3 -n -r "$work/files" | awk 'NR <= 6 { printf "      %6.2f MB  %s\n", $3 / 1e6, $6 }'
}

check_configuration() { # check_configuration PROGRAM
  local image label
  image=$(image_of "$1")
  [[ $(field "$image" '{{.Config.User}}') == 1000:1000 ]] || die "$1: its user is not 1000:1000"
  [[ $(field "$image" '{{json .Config.Entrypoint}}') == "[\"/usr/bin/solar-$1\"]" ]] || die "$1: another entry point"
  for label in title description version revision licenses vendor; do
    [[ -n $(field "$image" "{{index .Config.Labels \"org.opencontainers.image.$label\"}}") ]] || die "$1: no label $label"
  done
  [[ $(field "$image" '{{index .Config.Labels "org.opencontainers.image.version"}}') == "$version" ]] || die "$1: its label says another version than $version"
}
