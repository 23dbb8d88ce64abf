#!/bin/sh
# A tree full of offences has to fail by the table of rooms as it is, with each offence named and nothing else;
# and a table that cannot be has to be refused.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rooms=$here/../../framework/rooms.txt
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fails_with() {  # an exit status, what was to be seen; then check_layering.sh's arguments
  wanted=$1 what=$2
  shift 2
  status=0
  found=$(sh "$here/check_layering.sh" "$@" 2>&1) || status=$?
  [ "$status" -eq "$wanted" ] || { echo "check_layering.sh ended with $status on $what, not with $wanted"; exit 1; }
}

fails_with 1 "a tree with offences" "$here/offences" "$rooms"
echo "$found" | diff "$here/offences/expected.txt" -

printf 'base | pure | | | ground\nrouting | pure | retry | | calls\nretry | pure | base | | repeats\n' >"$scratch/rooms.txt"
fails_with 2 "a table with a circle" "$here/offences" "$scratch/rooms.txt"
case $found in *"routing may include retry, which is not above it"*) ;; *) echo "$found"; exit 1 ;; esac

printf 'base | | | | ground\nrouting | pure | base | | calls\n' >"$scratch/rooms.txt"
fails_with 2 "a pure room on an impure one" "$here/offences" "$scratch/rooms.txt"
case $found in *"routing is pure and may include base, which is not"*) ;; *) echo "$found"; exit 1 ;; esac
