#!/bin/sh
# A checker of tools/checks, shown two small trees: one full of offences, each of which it has to name and nothing
# else, and a clean one.
#
#   self_test.sh CHECKER     <CHECKER>/offences, what is said of it in <CHECKER>/expected.txt, and <CHECKER>/clean
set -eu
checker=${1:?usage: self_test.sh CHECKER}
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1

ends_with() {  # an exit status, a folder
  status=0
  said=$(python3 "../../tools/checks/$checker.py" --root "$checker/$2" 2>&1) || status=$?
  [ "$status" -eq "$1" ] || { echo "$checker ended with $status on $2, not with $1:"; echo "$said"; exit 1; }
}

ends_with 1 offences
echo "$said" | diff "$checker/expected.txt" -
ends_with 0 clean
