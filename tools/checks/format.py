"""clang-format 14 by .clang-format: every source of the tree is as it would write it; --fix has it write them."""

import os
import re
import subprocess
import sys

import source_tree

CLANG_FORMAT = "clang-format-14"
REPLACED = re.compile(r":(\d+):\d+: (?:warning|error): code should be clang-formatted")
AT_ONCE = 50


def main():
    parser = source_tree.arguments(__doc__)
    parser.add_argument("--fix", action="store_true", help="write the files instead of telling of them")
    options = parser.parse_args()
    tree = source_tree.source_tree(options.root)
    found = source_tree.findings("format")
    paths = source_tree.chosen(tree, options, tree.sources())
    for first in range(0, len(paths), AT_ONCE):
        some = paths[first:first + AT_ONCE]
        if options.fix:
            subprocess.run([CLANG_FORMAT, "-i", *some], cwd=tree.root, check=True)
        done = subprocess.run([CLANG_FORMAT, "--dry-run", *some], cwd=tree.root, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"format: {CLANG_FORMAT} failed: {done.stderr.strip()}")
        told = set()
        for line in done.stderr.splitlines():
            at = REPLACED.search(line)
            path = line[:at.start()] if at else None
            if path and path not in told:
                told.add(path)
                found.add(path, at.group(1), "not as clang-format writes it, from here on; "
                                             f"`tools/check format --fix {path}`")
    sys.exit(found.end(len(paths), "file"))


if __name__ == "__main__":
    main()
