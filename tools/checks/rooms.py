"""The table of rooms, held: framework/rooms.txt against the sources, against CMake, and against what is documented.

- The sources include and name what their room may (tests/layering/check_layering.sh).
- framework/troupe/<room>/CMakeLists.txt makes the room of its folder, links only what the room may include, links
  each room that its sources include, itself or by way of another that it links, and no room that they don't. It
  lists every source, or reads a .def of which each line stands for a pair of files; a header that it leaves out is
  not installed, and only sources of the room include it.
- The table allows nothing that no source takes, so that it is as narrow as it can be.
- The table in framework/docs/architecture.md has the same rows.
"""

import os
import re
import subprocess
import sys

import source_tree

TABLE = "framework/rooms.txt"
DOCUMENT = "framework/docs/architecture.md"
HEAD = "| room | its subject | may include | libraries |"
LINKS = {"CAF": "caf", "CapnProto": "capnp", "spdlog": "spdlog", "OpenSSL": "openssl", "xxHash": "xxhash",
         "CLI11": "cli", "tomlplusplus": "toml", "nlohmann_json": "json"}
PRECOMPILED = {"caf", "capnp", "spdlog"}
INCLUDES = [(r"caf/", "caf"), (r"capnp/|kj/", "capnp"), (r"troupe/\w+\.(capnp\.h|troupe\.hpp)$", "idl"),
            (r"spdlog/|fmt/", "spdlog"), (r"openssl/", "openssl"), (r"xxh", "xxhash"), (r"CLI/", "cli"),
            (r"toml\+\+/", "toml"), (r"nlohmann/", "json"), (r"arpa/inet\.h$", "addresses"),
            (r"(sys|netinet|net|arpa|linux)/|\w+\.h$", "system")]


class room:
    def __init__(self, line, cells, above):
        self.line = line
        self.name, kind, rooms, libraries, self.subject = cells
        self.pure = kind == "pure"
        self.takes_all = rooms == "all"
        self.rooms = list(reversed(above)) if self.takes_all else rooms.split()
        self.libraries = libraries.split()

    def row(self):
        """As a row of the table in the documentation."""
        name = f"`{self.name}`{' *pure*' if self.pure else ''}"
        rooms = "all above" if self.takes_all else " ".join(self.rooms) or "nothing"
        return f"| {name} | {self.subject} | {rooms} | {' '.join(self.libraries) or 'none'} |"


def read_table(tree):
    rooms = {}
    for number, line in enumerate(tree.read(TABLE).splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            cells = [cell.strip() for cell in line.split("|")]
            rooms[cells[0]] = room(number, cells, list(rooms))
    return rooms


def check_sources(tree, found):
    checker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/layering/check_layering.sh")
    done = subprocess.run(["sh", checker, os.path.join(tree.root, "framework")], capture_output=True, text=True)
    for line in (done.stdout + done.stderr).splitlines():
        found.add("framework/" + line.split(": ", 1)[0], None, line.split(": ", 1)[-1])
    if done.returncode > 1:
        sys.exit(found.end(0, "room"))


def taken_by(tree, name, others):
    """What the sources of a room include or name: rooms, libraries. `node` and `service` are classes, too."""
    rooms, libraries = set(), set()
    for path in tree.sources():
        if not path.startswith(f"framework/troupe/{name}/"):
            continue
        text = tree.read(path)
        for include in re.findall(r"^\s*#\s*include\s*<([^>]+)>", text, re.MULTILINE):
            parts = include.split("/")
            if parts[0] == "troupe" and len(parts) > 2:
                rooms.add(parts[1])
            else:
                libraries |= {library for expression, library in INCLUDES if re.match(expression, include)}
        if re.search(r"\b\w+_clock::now|\bclock_gettime", text):
            libraries.add("clock")
        libraries |= {library for library in ("caf", "spdlog") if re.search(rf"\b{library}::", text)}
        rooms |= set(re.findall(r"(?<![:\w])(\w+)::", source_tree.without_comments(text))) & others - {"node", "service"}
    return rooms - {name}, libraries


def linked_by(tree, path):
    """What a room's CMakeLists.txt says: its name, the rooms and the libraries that it links, with their lines."""
    name, rooms, libraries = None, {}, {}
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        code = line.split("#", 1)[0]
        made = re.search(r"troupe_add_room\(\s*(\w+)", code)
        name = made.group(1) if made else name
        for package, target in re.findall(r"\b(\w+)::([\w-]+)", code):
            if package == "troupe":
                (libraries if target == "idl" else rooms)[target] = number
            elif package in LINKS:
                libraries[LINKS[package]] = number
    return name, rooms, libraries


def reached(name, linked, seen):
    """The rooms that come along with a room, by way of what it links."""
    for other in linked.get(name, {}):
        if other not in seen:
            seen.add(other)
            reached(other, linked, seen)
    return seen


def check_links(tree, rooms, found):
    linked = {}
    for name in rooms:
        path = f"framework/troupe/{name}/CMakeLists.txt"
        if path not in tree.paths:
            continue
        made, linked[name], libraries = linked_by(tree, path)
        if made != name:
            found.add(path, 1, f"makes the room {made}; troupe_add_room({name} is what belongs here")
        for other, line in linked[name].items():
            if other not in rooms[name].rooms:
                found.add(path, line, f"links troupe::{other}, which {name} may not include; see {TABLE}")
            elif other not in taken_by(tree, name, set(rooms))[0] and not rooms[name].takes_all:
                found.add(path, line, f"links troupe::{other}, which no source of {name} includes or names; take it out")
        # A shared precompiled header is taken only by those who link what it was made with.
        allowed = set(rooms[name].libraries) | (PRECOMPILED if "PRECOMPILED" in tree.read(path) else set())
        for library, line in libraries.items():
            if library not in allowed:
                found.add(path, line, f"links {library}, which {name} may not include; see {TABLE}")
    for name in linked:
        for other in sorted(taken_by(tree, name, set(rooms))[0] & set(rooms) - reached(name, linked, set())):
            found.add(f"framework/troupe/{name}/CMakeLists.txt", None,
                      f"{name} takes {other} and does not link it; add troupe::{other} to LINKS")


def check_listing(tree, rooms, found):
    listed, included_by = {}, {}
    for name in rooms:
        listing = f"framework/troupe/{name}/CMakeLists.txt"
        if listing in tree.paths:
            text = tree.read(listing)
            files = re.findall(r"[\w/]+\.[ch]pp", text)
            for table in re.findall(r"file\(STRINGS (\w+\.def) ", text):
                pairs = re.findall(r"^\w+\((\w+)\)", tree.read(f"framework/troupe/{name}/{table}"), re.MULTILINE)
                files += [one + ending for one in pairs for ending in (".hpp", ".cpp")]
            listed.update({f"framework/troupe/{name}/{file}": True for file in files})
    for path in tree.sources():
        if path.startswith("framework/troupe/"):
            for include in re.findall(r"^#include <(troupe/[^>]+)>", tree.read(path), re.MULTILINE):
                included_by.setdefault("framework/" + include, []).append(path)
    for path in tree.sources():
        folder = "/".join(path.split("/")[:3])
        if not path.startswith("framework/troupe/") or path in listed or f"{folder}/CMakeLists.txt" not in tree.paths:
            continue
        if path.endswith(".cpp"):
            found.add(path, None, f"is not in {folder}/CMakeLists.txt; list it there, or take it out")
        for other in included_by.get(path, []):
            if not other.startswith(folder + "/") or other in listed and other.endswith(".hpp"):
                found.add(path, None, f"is not installed, and {other} includes it; list it in {folder}/CMakeLists.txt")


def check_narrowness(tree, rooms, found):
    standing = {name for name in rooms if any(path.startswith(f"framework/troupe/{name}/") for path in tree.paths)}
    for name in sorted(standing, key=list(rooms).index):
        if rooms[name].takes_all:
            continue
        others, libraries = taken_by(tree, name, set(rooms))
        for other in rooms[name].rooms:
            if other in standing and other not in others:
                found.add(TABLE, rooms[name].line, f"{name} may include {other}, and does not; take it out")
        for library in rooms[name].libraries:
            if library not in libraries:
                found.add(TABLE, rooms[name].line, f"{name} may include {library}, and does not; take it out")


def check_document(tree, rooms, found):
    if DOCUMENT not in tree.paths:
        return
    lines = tree.read(DOCUMENT).splitlines()
    if HEAD not in lines:
        found.add(DOCUMENT, None, f"has no table of rooms; it opens with `{HEAD}`")
        return
    first = lines.index(HEAD) + 2
    wanted = [one.row() for one in rooms.values()]
    for at, row in enumerate(wanted, first):
        if at >= len(lines) or lines[at] != row:
            found.add(DOCUMENT, at + 1, f"differs from {TABLE}; the row is: {row}")
            return
    if lines[first + len(wanted):][:1] and lines[first + len(wanted)].startswith("|"):
        found.add(DOCUMENT, first + len(wanted) + 1, f"a row that is not in {TABLE}; take it out")


def main():
    tree = source_tree.source_tree(source_tree.arguments(__doc__, files=False).parse_args().root)
    found = source_tree.findings("rooms")
    check_sources(tree, found)
    rooms = read_table(tree)
    check_links(tree, rooms, found)
    check_listing(tree, rooms, found)
    check_narrowness(tree, rooms, found)
    check_document(tree, rooms, found)
    sys.exit(found.end(len(rooms), "room"))


if __name__ == "__main__":
    main()
