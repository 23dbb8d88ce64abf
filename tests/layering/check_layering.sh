#!/bin/sh
# Reads every source under <tree>/troupe and holds it to the table of rooms: which rooms and which
# libraries a room may include or name, who may read a clock, and that the pure rooms name no sleep, no
# thread, no socket, no global random numbers. Comments and string literals do not count.
#
#   check_layering.sh TREE [ROOMS]   prints one line an offence, and exits 1 when there is any. ROOMS is the
#                                    table: TREE/rooms.txt (its head says how to read it)
#
# Plain sh and awk: a bare Debian has nothing more.
set -eu
tree=${1:?usage: check_layering.sh TREE [ROOMS]}
table=${2:-$tree/rooms.txt}
table=$(cd "$(dirname "$table")" && pwd)/$(basename "$table")
[ -r "$table" ] || { echo "check_layering: there is no table of rooms in $table" >&2; exit 2; }
cd "$tree"
sources=$(find troupe -type f \( -name '*.hpp' -o -name '*.cpp' \) | LC_ALL=C sort)
[ -n "$sources" ] || { echo "check_layering: no sources under $tree/troupe" >&2; exit 2; }

# shellcheck disable=SC2086  # one word a file: no file of ours has a space in its name
exec awk -v table="$table" '
BEGIN {
  while ((getline row < table) > 0) read_room(row)

  # What includes troupe/troupe.hpp, the porch, sees the whole house, and no room may do so.
  rooms[porch = "troupe.hpp"] = known; libraries[porch] = ""; pure[porch] = 0

  split("thread mutex shared_mutex condition_variable future semaphore latch barrier stop_token " \
        "iostream fstream ostream istream sstream filesystem random coroutine ctime csignal", list, " ")
  for (i in list) io_header[list[i]] = 1

  # What may not be named: an expression, what it is, and the library that allows it (none: for pure rooms only).
  ban("(steady|system|high_resolution|utc|file)_clock", "a clock", "clock")
  ban("(clock_gettime|gettimeofday|timespec_get)", "a clock", "clock")
  ban("[^a-z_.>]time[ ]*[(][ ]*(0|NULL|nullptr|&)", "a clock", "clock")
  ban("(sleep_for|sleep_until|usleep|nanosleep)", "a sleep", "")
  ban("[^a-z_.>]sleep[ ]*[(]", "a sleep", "")
  ban("std::(thread|jthread|async|mutex|atomic)[^a-z_]", "a thread", "")
  ban("thread_local", "a thread", "")
  ban("(random_device|mt19937|[^a-z_]s?rand[ ]*[(])", "a random source of its own", "")
  ban("[^a-z_.>](socket|getaddrinfo|epoll_wait|recvmsg|sendmsg)[ ]*[(]", "a socket", "")
  ban("[^a-z_]caf::", "CAF", "caf")
  ban("[^a-z_](capnp|kj)::", "Cap\047n Proto", "capnp")
  ban("[^a-z_]spdlog::", "spdlog", "spdlog")
}

# One row of the table. A room includes what stands above it, so there is no circle.
function read_room(row,    cell, count, i, name, may) {
  if (row ~ /^[ \t]*(#|$)/) return
  count = split(row, cell, "|")
  for (i = 1; i <= count; i++) gsub(/^[ \t]+|[ \t]+$/, "", cell[i])
  name = cell[1]
  if (count != 5) broken("a row has five cells, not " count ": " row)
  if (cell[3] == "all") cell[3] = known
  count = split(cell[3], may, " ")
  for (i = 1; i <= count; i++) if (!(may[i] in rooms)) broken(name " may include " may[i] ", which is not above it")
  if (cell[2] != "" && cell[2] != "pure") broken("a kind is pure or empty, not " cell[2])
  rooms[name] = cell[3]; libraries[name] = cell[4]; pure[name] = cell[2] == "pure"
  for (i in may) if (pure[name] && !pure[may[i]]) broken(name " is pure and may include " may[i] ", which is not")
  known = known " " name
}

function broken(text) { print table ": " text; failed = 2; exit 2 }

function ban(expression, what, library) {
  bans++; banned[bans] = expression; banned_as[bans] = what; allowed_by[bans] = library
}

function offence(text) { print FILENAME ":" FNR ": " text; failed = 1 }

function among(word, words) { return index(" " words " ", " " word " ") > 0 }

# Which libraries allow an include; "std" for the standard one.
function libraries_of(path) {
  if (path ~ /^caf\//) return "caf"
  if (path ~ /^(capnp|kj)\//) return "capnp"
  if (path ~ /^troupe\/[a-z_]+[.](capnp[.]h|troupe[.]hpp)$/) return "idl"
  if (path ~ /^(spdlog|fmt)\//) return "spdlog"
  if (path ~ /^CLI\//) return "cli"
  if (path ~ /^toml[+][+]\//) return "toml"
  if (path ~ /^nlohmann\//) return "json"
  if (path ~ /^openssl\//) return "openssl"
  if (path ~ /^xxh(ash|3)[.]h$/) return "xxhash"
  if (path == "arpa/inet.h") return "addresses system"
  if (path ~ /^[a-z_]+$/) return "std"
  if (path ~ /^(sys|netinet|net|arpa|linux|bits)\// || path ~ /^[a-z_]+[.]h$/) return "system"
  return "other"
}

# The line without comments, string and character literals. `in_comment` carries over lines.
function code_of(line,    out, here, two, quote) {
  out = ""
  while (line != "") {
    here = substr(line, 1, 1); two = substr(line, 1, 2)
    if (in_comment) {
      if (two == "*/") { in_comment = 0; line = substr(line, 3) } else line = substr(line, 2)
    } else if (two == "//") {
      break
    } else if (two == "/*") {
      in_comment = 1; line = substr(line, 3)
    } else if (here == "\"" || (here == "\047" && out !~ /[0-9a-fA-F]$/)) {
      quote = here; line = substr(line, 2)
      while (line != "" && substr(line, 1, 1) != quote) line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
      line = substr(line, 2); out = out quote quote
    } else {
      out = out here; line = substr(line, 2)
    }
  }
  return out
}

function check_include(path,    parts, to, kinds, i, allowed) {
  if (split(path, parts, "/") >= 3 && parts[1] == "troupe") {
    to = parts[2]
    if (!(to in rooms)) offence("includes <" path ">: there is no room " to)
    else if (to != room && !among(to, rooms[room])) offence("includes <" path ">: " room " may not use " to)
    return
  }
  kinds = libraries_of(path)
  if (kinds == "std") {
    if (pure[room] && (path in io_header)) offence("includes <" path ">: " room " is sans-IO")
    return
  }
  allowed = 0
  for (i = split(kinds, parts, " "); i > 0; i--) if (among(parts[i], libraries[room])) allowed = 1
  if (!allowed) offence("includes <" path ">: " room " may not use it")
}

# Whether the ban holds in this room.
function holds(i) {
  if (allowed_by[i] == "") return pure[room]
  return !among(allowed_by[i], libraries[room])
}

FNR == 1 {
  split(FILENAME, place, "/")
  room = place[2]; in_comment = 0
  if (!(room in rooms)) { offence("there is no room " room " in the table"); room = "base" }
}
/^[ \t]*#[ \t]*include/ {
  path = $0
  if (!in_comment && path ~ /</) {
    sub(/^[^<]*</, "", path); sub(/>.*$/, "", path)
    check_include(path)
  } else if (!in_comment) {
    offence("includes in quotes: write <troupe/room/file.hpp>")
  }
  next
}
{
  code = " " code_of($0) " "
  for (i = 1; i <= bans; i++)
    if (code ~ banned[i] && holds(i))
      offence("names " banned_as[i] ": " room (pure[room] ? " is sans-IO" : " may not use it"))
  # Classes of routing and admission are called node and service.
  for (other in rooms)
    if (index(code, other "::") && other != "node" && other != "service" && code ~ ("[^a-z_:]" other "::") && other != room &&
        !among(other, rooms[room])) offence("names " other ": " room " may not use it")
}
END { exit failed }
' $sources
