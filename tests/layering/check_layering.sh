#!/bin/sh
# Reads every source under <tree>/troupe and holds it to the table of rooms: which rooms and which
# libraries a room may include, and that the sans-IO rooms name no clock, no sleep, no thread, no global
# random numbers. Comments and string literals do not count.
#
#   check_layering.sh <tree>     prints one line an offence, and exits 1 when there is any
#
# Plain sh and awk: a bare Debian has nothing more.
set -eu
tree=${1:?usage: check_layering.sh TREE}
cd "$tree"
sources=$(find troupe -type f \( -name '*.hpp' -o -name '*.cpp' \) | LC_ALL=C sort)
[ -n "$sources" ] || { echo "check_layering: no sources under $tree/troupe" >&2; exit 2; }

# shellcheck disable=SC2086  # one word a file: no file of ours has a space in its name
exec awk '
BEGIN {
  # room: the rooms it may include, itself apart.
  rooms["base"]       = ""
  rooms["crypto"]    = "base"
  rooms["membership"] = "base"
  rooms["balance"]    = "base"
  rooms["retry"]      = "base"
  rooms["routing"]    = "balance retry base"
  rooms["wire"]       = "membership base"
  rooms["transport"]  = "wire base"
  rooms["runtime"]    = "crypto wire transport routing membership balance retry base"
  rooms["service"]    = "runtime wire retry base"
  rooms["node"]       = "service runtime crypto transport wire routing retry balance membership base"

  # room: the libraries it may include, beside the standard one. "idl" is what is generated from idl/.
  libraries["base"]       = "xxhash numeric-address"
  libraries["membership"] = libraries["balance"] = libraries["retry"] = libraries["routing"] = ""
  libraries["crypto"]    = "openssl system"
  libraries["wire"]       = "capnp idl"
  libraries["transport"]  = "capnp idl caf spdlog system openssl"
  libraries["runtime"]    = "capnp idl caf spdlog system"
  libraries["service"]    = "capnp idl spdlog"
  libraries["node"]       = "capnp idl spdlog cli toml system"

  for (room in rooms) sans_io[room] = 0
  sans_io["base"] = sans_io["membership"] = sans_io["balance"] = sans_io["retry"] = sans_io["routing"] = 1

  split("thread mutex shared_mutex condition_variable future semaphore latch barrier stop_token " \
        "iostream fstream ostream istream sstream filesystem random coroutine ctime csignal", list, " ")
  for (i in list) io_header[list[i]] = 1

  # What a sans-IO room may not name: an expression, what it is.
  ban("(steady|system|high_resolution|utc|file)_clock", "a clock")
  ban("(clock_gettime|gettimeofday|timespec_get)", "a clock")
  ban("[^a-z_.>]time[ ]*[(][ ]*(0|NULL|nullptr|&)", "a clock")
  ban("(sleep_for|sleep_until|usleep|nanosleep)", "a sleep")
  ban("[^a-z_.>]sleep[ ]*[(]", "a sleep")
  ban("std::(thread|jthread|async|mutex|atomic)[^a-z_]", "a thread")
  ban("thread_local", "a thread")
  ban("(random_device|mt19937|[^a-z_]s?rand[ ]*[(])", "a random source of its own")
  ban("[^a-z_.>](socket|getaddrinfo|epoll_wait|recvmsg|sendmsg)[ ]*[(]", "a socket")
  ban("[^a-z_](caf|capnp|kj|spdlog)::", "a library of the outer rooms")
}

function ban(expression, what) { bans++; banned[bans] = expression; banned_as[bans] = what }

function offence(text) { print FILENAME ":" FNR ": " text; offences++ }

function among(word, words) { return index(" " words " ", " " word " ") > 0 }

# Which library an include belongs to; "std" for the standard one.
function library_of(path) {
  if (path ~ /^caf\//) return "caf"
  if (path ~ /^(capnp|kj)\//) return "capnp"
  if (path ~ /^troupe\/[a-z_]+[.](capnp[.]h|troupe[.]hpp)$/) return "idl"
  if (path ~ /^(spdlog|fmt)\//) return "spdlog"
  if (path ~ /^CLI\//) return "cli"
  if (path ~ /^toml[+][+]\//) return "toml"
  if (path ~ /^openssl\//) return "openssl"
  if (path ~ /^xxh(ash|3)[.]h$/) return "xxhash"
  if (path == "arpa/inet.h") return "numeric-address system"
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
  if (split(path, parts, "/") == 3 && parts[1] == "troupe") {
    to = parts[2]
    if (!(to in rooms)) offence("includes <" path ">: there is no room " to)
    else if (to != room && !among(to, rooms[room])) offence("includes <" path ">: " room " may not use " to)
    return
  }
  kinds = library_of(path)
  if (kinds == "std") {
    if (sans_io[room] && (path in io_header)) offence("includes <" path ">: " room " is sans-IO")
    return
  }
  allowed = 0
  for (i = split(kinds, parts, " "); i > 0; i--) if (among(parts[i], libraries[room])) allowed = 1
  if (!allowed) offence("includes <" path ">: " room " may not use it")
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
  if (!sans_io[room]) next
  for (i = 1; i <= bans; i++)
    if (code ~ banned[i]) offence("names " banned_as[i] ": " room " is sans-IO")
}
END { exit offences > 0 }
' $sources
