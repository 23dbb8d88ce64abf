#!/bin/sh
# A tree full of offences has to fail, with each offence named and nothing else.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
status=0
found=$(sh "$here/check_layering.sh" "$here/offences") || status=$?
[ "$status" -eq 1 ] || { echo "check_layering.sh ended with $status on a tree with offences, not with 1"; exit 1; }
echo "$found" | diff "$here/offences/expected.txt" -
