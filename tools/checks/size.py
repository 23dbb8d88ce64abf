"""Nothing grows past what one reads in a sitting: a ratchet over the sizes of files, functions and classes.

At most 500 lines a file, 60 lines a function, and in the framework 25 private methods and 25 fields a class. What
is larger today stands in tools/checks/size_exceptions.txt with its number: a larger number is a finding, and so is
a smaller one, until the list says so, which `tools/check size --lower` writes. Nobody adds to the list.
"""

import os
import sys

import cpp_shape
import source_tree

EXCEPTIONS = "tools/checks/size_exceptions.txt"
LIMITS = {"file lines": 500, "function lines": 60, "private methods": 25, "fields": 25}
ADVICE = {
    "file lines": "part it by subject",
    "function lines": "part it by step",
    "private methods": "find the types in it that have fields of their own",
    "fields": "find the types in it that have methods of their own",
}


class measure:
    """One number: what is counted, where, and how many there are."""

    def __init__(self, kind, path, line, name, number):
        self.kind, self.path, self.line, self.number = kind, path, line, number
        self.where = f"{path} {name}".strip()
        self.text = f"{name + ' ' if name else ''}has {number} {kind.removeprefix('file ').removeprefix('function ')}"


def measures(path, text):
    yield measure("file lines", path, None, "", text.count("\n"))
    classes, functions = cpp_shape.read(text)
    for one in functions:
        yield measure("function lines", path, one.line, one.name, one.lines)
    if path.startswith("framework/"):
        for one in classes:
            yield measure("private methods", path, one.line, one.name, one.private_methods)
            yield measure("fields", path, one.line, one.name, one.fields)


def key_of(row):
    """Of a row of the list: kind and place, and the number. The name of a test may have a bar, too."""
    kind, rest = row.split("|", 1)
    where, number = rest.rsplit("|", 1)
    return (kind.strip(), where.strip()), int(number)


def read_exceptions(tree):
    """By kind and place: the line in the list, the number."""
    listed = {}
    if EXCEPTIONS in tree.paths:
        for number, line in enumerate(tree.read(EXCEPTIONS).splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                key, allowed = key_of(line)
                listed[key] = (number, allowed)
    return listed


def lower(tree, larger):
    """Rewrites the list with the numbers of today, where they are smaller."""
    kept = []
    for line in tree.read(EXCEPTIONS).splitlines():
        if line.strip() and not line.startswith("#"):
            key, allowed = key_of(line)
            if key not in larger:
                continue
            line = f"{key[0]} | {key[1]} | {min(larger[key].number, allowed)}"
        kept.append(line)
    with open(os.path.join(tree.root, EXCEPTIONS), "w", encoding="utf-8") as file:
        file.write("\n".join(kept) + "\n")


def compare(larger, listed, found):
    for key, one in larger.items():
        number, allowed = listed.get(key, (0, 0))
        if not allowed:
            found.add(one.path, one.line, f"{one.text}, {LIMITS[one.kind]} is the most; {ADVICE[one.kind]}")
        elif one.number > allowed:
            found.add(one.path, one.line, f"{one.text}, and had {allowed}; {ADVICE[one.kind]}")
        elif one.number < allowed:
            found.add(EXCEPTIONS, number, f"{one.where}: {one.number} {one.kind} by now; `tools/check size --lower`")
    for key, (number, _) in listed.items():
        if key not in larger:
            found.add(EXCEPTIONS, number, f"{key[1]}: {key[0]} within the limit by now; `tools/check size --lower`")


def main():
    parser = source_tree.arguments(__doc__, files=False)
    parser.add_argument("--lower", action="store_true", help="write smaller numbers into the list of exceptions")
    options = parser.parse_args()
    tree = source_tree.source_tree(options.root)
    larger = {}
    for path in tree.sources():
        for one in measures(path, tree.read(path)):
            key = (one.kind, one.where)
            if one.number > LIMITS[one.kind] and (key not in larger or one.number > larger[key].number):
                larger[key] = one
    listed = read_exceptions(tree)
    if options.lower:
        lower(tree, larger)
        listed = read_exceptions(tree)
    found = source_tree.findings("size")
    compare(larger, listed, found)
    sys.exit(found.end(len(tree.sources()), "file"))


if __name__ == "__main__":
    main()
