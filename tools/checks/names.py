"""What comments and documents name is there: files, and identifiers.

- A link of a document leads to a file. A path in a comment or a document is a file or a folder of the tree, whole or
  by its last parts (`balance/score.hpp`, `score.hpp`).
- An identifier in backticks, and a word with underscores in a comment without them, occurs in the code: in C++,
  schemas, CMake, scripts or scenarios, their literals too, as options and counters have names; comments don't count.
  Of `room::name` the first part is a namespace or a type.

Names of the standard library and of CAF, KJ and the like are not looked up. Left out are the changelog, which
speaks of the past, and what stands in tools/checks/names_exceptions.txt: one name a row, and why.
"""

import fnmatch
import os
import re
import sys

import source_tree

EXCEPTIONS = "tools/checks/names_exceptions.txt"
HISTORY = {"framework/docs/changelog.md", EXCEPTIONS, "LICENSE"}
OUTSIDE = {"std", "caf", "kj", "capnp", "doctest", "CLI", "toml", "spdlog", "fmt", "nlohmann"}
OUTSIDE |= {"CAF", "CapnProto", "OpenSSL", "xxHash", "CLI11", "tomlplusplus", "nlohmann_json"}  # CMake's targets

EXTENSIONS = "hpp|cpp|def|capnp|md|sh|bash|toml|cmake|txt|py|in"
PATH = re.compile(rf"(?<![\w/.<>${{@*-])(?:\./)?((?:[\w.*-]+/)*[\w*-]+\.(?:{EXTENSIONS})|"
                  r"(?:framework|tools|tests|examples|idl)/[\w.*/-]*[\w*])(?![\w/>(-])")
PLACEHOLDER = re.compile(r"(^|/)(?!README|LICENSE)[A-Z]+[./]")  # verbs/NAME.cpp
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"(`+)([^`]+?)\1")
QUALIFIED = re.compile(r"(?<![\w:.])([A-Za-z_]\w*(?:::~?[A-Za-z_]\w*)+)")
WORD = re.compile(r"(?<![\w:.$%/<-])([a-z][a-z0-9]*(?:_[a-z0-9]+)+_?)(?![\w:/-]|\.\w|<)")
NO_NAME = re.compile(r"\w+_([a-z]|\d+)|\w*NAME\w*(\(\))?")  # of a formula: w_i; one that stands for many: add_NAME
IDENTIFIER = re.compile(r"~?[A-Za-z_]\w*_?(?:(?:::|\.|->)~?[A-Za-z_]\w*)*(?:\(\))?")
HASH_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$", re.MULTILINE)
DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)


def kind_of(path):
    """How a file is read: prose, or code with comments behind one of two signs."""
    if path.endswith(".md"):
        return "prose"
    if path.endswith((".hpp", ".cpp", ".def")):
        return "slashes"
    if path.endswith((".capnp", ".cmake", ".sh", ".bash", ".toml", ".py", "CMakeLists.txt", ".clang-tidy",
                      ".clang-format")):
        return "hash"
    if path.endswith((".json", ".in", ".txt")):
        return "code"
    return "hash" if "." not in os.path.basename(path) else None


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def comments_and_code(path, text):
    """The same text twice: what is comment in it, and what is not; the rest as spaces."""
    kind = kind_of(path)
    if kind == "prose":
        return text, ""
    if kind == "slashes":
        code = source_tree.without_comments(text, keep_literals=True)
        comments = "".join(one if one != other or one == "\n" else " " for one, other in zip(text, code))
        return comments, code
    if kind == "hash":
        comments = [blank(text)]
        code = text

        def take(found):
            start, end = found.span()
            comments[0] = comments[0][:start] + found.group() + comments[0][end:]
            return blank(found.group())

        if path.endswith(".py"):
            code = DOCSTRING.sub(take, code)
        code = HASH_COMMENT.sub(take, code)
        return comments[0], code
    return "", text if kind else ""


class known_names:
    """The names that there are."""

    def __init__(self, tree):
        self.comments, self.words, self.scopes, self.places = {}, set(), set(OUTSIDE), set()
        for path in tree.all_paths:
            parts = path.split("/")
            for last in range(1, len(parts) + 1):
                self.places |= {"/".join(parts[first:last]) for first in range(last)}
            self.words |= {word for part in parts for word in re.findall(r"\w+", part)}
        for path in tree.paths:
            if path in HISTORY or kind_of(path) is None:
                continue
            self.comments[path], code = comments_and_code(path, tree.read(path))
            self.words |= set(re.findall(r"\w+", code))
            self.scopes |= set(re.findall(r"\b(?:namespace|class|struct|union|enum|using|concept|interface)\s+"
                                          r"(?:class\s+|\[\[\w+\]\]\s+)?(?:\w+::)*(\w+)", code))
            self.scopes |= set(re.findall(r"\bnamespace\s+(\w+)::", code))
            self.scopes |= set(re.findall(r'\bnamespace\("(\w+)', code))  # of a schema
        self.excepted = read_exceptions(tree)
        self.folders = tuple(name for name in self.excepted if name.endswith("/"))

    def has_place(self, path):
        path = path.rstrip("/.")
        if path.startswith("build/") or self.is_excepted(path) or PLACEHOLDER.search(path):
            return True
        generated = re.fullmatch(r"(.*)\.(?:troupe\.[ch]pp|capnp\.h|capnp\.c\+\+)", path)
        if generated:
            path = generated.group(1) + ".capnp"
        if "*" in path:
            return any(fnmatch.fnmatch(place, path) for place in self.places)
        return path in self.places

    def is_excepted(self, name):
        for one in self.excepted:
            if fnmatch.fnmatch(name, one):
                self.excepted[one] = True
                return True
        return False

    def has_identifier(self, name):
        """The words of a name that there are not, as a text; empty if there are all."""
        parts = re.split(r"::|\.|->", name.rstrip("()").replace("~", ""))
        if parts[0] in OUTSIDE or NO_NAME.fullmatch(name) or self.is_excepted(name):
            return ""
        if "::" in name:
            strange = [part for part in parts[:-1] if part not in self.scopes]
            if strange:
                return f"there is no namespace and no type {strange[0]}"
        strange = [part for part in parts if part not in self.words and not self.is_excepted(part)]
        return f"no code names {strange[0]}" if strange else ""


def read_exceptions(tree):
    if EXCEPTIONS not in tree.paths:
        return {}
    rows = [line.split("|")[0].strip() for line in tree.read(EXCEPTIONS).splitlines()]
    return {row: False for row in rows if row and not row.startswith("#")}


def check_file(path, text, names, found):
    def line_of(at):
        return text.count("\n", 0, at) + 1

    seen = set()

    def say(at, name, what):
        if (line_of(at), name) not in seen:
            seen.add((line_of(at), name))
            found.add(path, line_of(at), f"{what}; name what is there, or take it out")

    def identifier(at, name):
        if path.startswith(names.folders):
            return
        what = names.has_identifier(name)
        if what:
            say(at, name, f"`{name}`: {what}")

    document = path.endswith(".md")
    if document:
        text = re.sub(r"^```.*?^```", lambda block: blank(block.group()), text, flags=re.DOTALL | re.MULTILINE)
        for link in LINK.finditer(text):
            target = link.group(1).split("#")[0]
            place = os.path.normpath(os.path.join(os.path.dirname(path), target))
            if target and "://" not in target and not target.startswith("mailto:") and place not in names.places:
                say(link.start(), target, f"a link to {target}: there is no such file")
        text = LINK.sub(lambda link: blank(link.group()), text)
    for place in PATH.finditer(text):
        if not names.has_place(place.group(1)):
            say(place.start(), place.group(1), f"{place.group(1)}: there is no such file")
    for span in SPAN.finditer(text):
        inside = span.group(2).strip()
        if IDENTIFIER.fullmatch(inside) and not PATH.fullmatch(inside):
            identifier(span.start(), inside)
    for name in QUALIFIED.finditer(text):
        identifier(name.start(), name.group(1))
    for word in WORD.finditer(text):
        identifier(word.start(), word.group(1))


def main():
    options = source_tree.arguments(__doc__).parse_args()
    tree = source_tree.source_tree(options.root)
    names = known_names(tree)
    found = source_tree.findings("names")
    files = source_tree.chosen(tree, options, list(names.comments))
    for path in files:
        check_file(path, names.comments[path], names, found)
    if len(files) == len(names.comments):
        for name, needed in names.excepted.items():
            if not needed and name not in names.folders:
                found.add(EXCEPTIONS, None, f"{name} needs no exception any more; take it out")
    sys.exit(found.end(len(files), "file"))


if __name__ == "__main__":
    main()
