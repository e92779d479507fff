#!/bin/sh
# usage: manual.sh PROGRAM DESCRIPTION: its manual page, made from what its --help says
set -eu

name=$(basename "$1")
help() { env -i "$1" --help | sed -e 's/\\/\\e/g' -e "s/'/\\\\(aq/g" -e 's/-/\\-/g' -e 's/^\./\\\&./'; }

cat <<TEXT
.TH $(echo "$name" | tr '[:lower:]' '[:upper:]') 1
.SH NAME
$name \\- $(head -n 1 "$2")
.SH DESCRIPTION
.nf
$(help "$1")
.fi
TEXT
