"""What the checkers of tools/checks share: the files of the tree, what is comment in them, and how a finding is told.

A finding is one line, `file:line: what is wrong; what to do`, and a checker ends with status 1 when it has any.
"""

import argparse
import os
import re
import subprocess
import sys

SCHEMAS_AND_CODE = (".hpp", ".cpp")
# What is nobody's own source: builds, and what a generator is expected to write.
SKIPPED_FOLDERS = {".git", "build", ".troupe", "__pycache__"}
EXPECTATIONS = re.compile(r"(^|/)tests/.*/data/|(^|/)tests/(layering|checks/\w+)/(offences|clean)/|(^|/)tests/fuzz/corpus/")


class source_tree:
    """The files under `root`, by their paths from there, sorted. `paths` leaves out what only shows offences."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.all_paths = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
            at = os.path.relpath(folder, self.root)
            for name in names:
                self.all_paths.append(name if at == "." else f"{at}/{name}")
        self.all_paths.sort()
        self.paths = [path for path in self.all_paths if not EXPECTATIONS.search(path)]

    def sources(self):
        return [path for path in self.paths if path.endswith(SCHEMAS_AND_CODE)]

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def changed_since(self, reference):
        """The files that differ from a git reference, new ones that git does not know yet among them."""
        def ask(*command):
            done = subprocess.run(["git", "-C", self.root, *command], capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"git {' '.join(command)}: {done.stderr.strip()}")
            return done.stdout.splitlines()

        base = ask("merge-base", reference, "HEAD")[0]
        names = ask("diff", "--name-only", "--relative", base) + ask("ls-files", "--others", "--exclude-standard")
        known = set(self.paths)
        return sorted({name for name in names if name in known})


_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text, keep_literals=False):
    """C++ with its comments and the contents of its literals blanked; its lines stay where they are."""
    def replace(match):
        token = match.group()
        if token.startswith(("//", "/*")):
            return _blank(token)
        return token if keep_literals else _blank(token)
    return _TOKENS.sub(replace, text)


class findings:
    """Collects what a checker finds, prints it, and says how the checker ends."""

    def __init__(self, checker):
        self.checker = checker
        self.count = 0

    def add(self, path, line, text):
        print(f"{path}:{line}: {text}" if line else f"{path}: {text}")
        self.count += 1

    def end(self, count, noun):
        checked = f"{count} {noun}{'s' * (count != 1)}"
        if self.count:
            print(f"{self.checker}: {self.count} finding{'s' * (self.count != 1)} in {checked}")
        else:
            print(f"{self.checker}: {checked}, nothing to say")
        sys.stdout.flush()
        return 1 if self.count else 0


def arguments(description, files=True):
    """The options that the checkers have in common; add more, then parse."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--root", default=os.path.join(here, "..", ".."), help="the tree to read: this one")
    if files:
        parser.add_argument("--changed", nargs="?", const="HEAD", metavar="REF",
                            help="only what differs from a git reference (HEAD)")
        parser.add_argument("files", nargs="*", metavar="FILE", help="only these")
    return parser


def chosen(tree, options, among):
    """The files of `among` that the options ask for."""
    if options.files:
        wanted = {os.path.relpath(os.path.abspath(name), tree.root) for name in options.files}
        for name in sorted(wanted - set(among)):
            sys.exit(f"{name}: not a file that is checked here")
    elif options.changed:
        wanted = set(tree.changed_since(options.changed))
    else:
        return among
    return [path for path in among if path in wanted]
