"""The porch: what is written as a user writes it includes nothing of the framework but its public interface.

- Sources of examples/ and of tests/package/outside include <troupe/troupe.hpp> and generated headers, nothing else of
  troupe/.
- Each header that framework/troupe/troupe.hpp names is there.
"""

import re
import sys

import source_tree

PORCH = "framework/troupe/troupe.hpp"
USERS = re.compile(r"^(examples|tests/package/outside)/")
INCLUDE = re.compile(r"^\s*#\s*include\s*<(troupe/[^>]+)>")
PUBLIC = re.compile(r"^troupe/(troupe\.hpp|\w+\.troupe\.hpp|\w+\.capnp\.h)$")


def main():
    parser = source_tree.arguments(__doc__)
    options = parser.parse_args()
    tree = source_tree.source_tree(options.root)
    found = source_tree.findings("porch")
    paths = [path for path in tree.sources() if USERS.match(path)] + [PORCH]
    there = set(tree.paths)
    for path in paths:
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            header = include.group(1)
            if path == PORCH:
                if "framework/" + header not in there:
                    found.add(path, number, f"names <{header}>, which is not there; name what took its place")
            elif not PUBLIC.match(header):
                found.add(path, number, f"includes <{header}>, which is internal; include <troupe/troupe.hpp>")
    sys.exit(found.end(len(paths), "file"))


if __name__ == "__main__":
    main()
