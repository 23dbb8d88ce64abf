#!/bin/sh
# A checker of tools/checks, shown two small trees: one full of offences, each of which it has to name and nothing
# else, and a clean one.
#
#   self_test.sh CHECKER     <CHECKER>/offences, what is said of it in <CHECKER>/expected.txt, and <CHECKER>/clean
set -eu
checker=${1:?usage: self_test.sh CHECKER}
cd "$(dirname "$0")"
here=$(pwd)
export PYTHONDONTWRITEBYTECODE=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What clang is to read lies in a build: of a copy, all of whose sources are compiled but for unknown*.cpp.
compile() {
  mkdir -p "$1/build/tidy"
  cp ../../.clang-tidy "$1"
  (
    cd "$1"
    find . -name '*.cpp' ! -name 'unknown*' | LC_ALL=C sort | while read -r source; do
      printf '{"directory": "%s", "file": "%s", "command": "clang++ -I%s -std=c++20 -o x.o -c %s"},\n' \
        "$1" "$1/${source#./}" "$1" "$1/${source#./}"
    done | sed '1s/^/[/; $s/,$/]/' >build/tidy/compile_commands.json
  )
}

ends_with() {  # an exit status, a folder
  cp -r "$checker/$2" "$scratch"
  case $checker in headers | tidy) compile "$scratch/$2" ;; esac
  status=0
  said=$(python3 "$here/../../tools/checks/$checker.py" --root "$scratch/$2" 2>&1) || status=$?
  [ "$status" -eq "$1" ] || { echo "$checker ended with $status on $2, not with $1:"; echo "$said"; exit 1; }
}

ends_with 1 offences
echo "$said" | diff "$checker/expected.txt" -
ends_with 0 clean
