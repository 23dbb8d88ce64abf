"""clang-tidy 14 by .clang-tidy, over every source of the tree; functions of more than 60 lines are among its findings.

What it found in a file is kept in build/tidy/found under a hash of the file, of all of the tree's files that it
includes, of the command and of .clang-tidy: the next run looks only at what has changed. With --changed, or where files are
named, a header is looked at by way of one source that includes it.
"""

import os
import re
import subprocess
import sys

import compile_commands
import source_tree

CLANG_TIDY = "clang-tidy-14"
# What is built only where a package is there that nothing else needs, or outside of this build.
OPTIONAL = re.compile(r"tools/bench/(echo/grpc_|(routing|sealing)_bench)|tests/package/outside/")
DIAGNOSTIC = re.compile(r"^(/[^:\n]+):(\d+):\d+: (warning|error|note): (.*)$", re.MULTILINE)


class linter:
    def __init__(self, tree, compiled):
        self.tree, self.compiled = tree, compiled
        self.found = compile_commands.memory(os.path.join(compiled.build, "found"))
        version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, text=True, check=True).stdout
        self.settings = version + re.sub(r"^\s*#.*\n", "", tree.read(".clang-tidy"), flags=re.MULTILINE)

    def lint(self, path):
        """What clang-tidy says of a source."""
        by = self.compiled.commands[path]
        digest = self.compiled.digest(self.settings, by.file, by)
        said = self.found.recall(digest)
        if said is not None:
            return said
        done = subprocess.run([CLANG_TIDY, "--quiet", "-p", self.compiled.build, by.file], capture_output=True,
                              text=True, cwd=self.tree.root)
        said = self.read(done.stdout)
        if done.returncode != 0 and not said:
            return [(path, 1, f"clang-tidy failed: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}")]
        self.found.keep(digest, said)
        return said

    def read(self, text):
        """The diagnostics. What clang says of a system's header is told of the place in the tree that led there."""
        said, homeless = [], None
        for where, line, kind, what in DIAGNOSTIC.findall(text):
            path = os.path.relpath(where, self.tree.root)
            ours = not path.startswith("..")
            if kind == "note" and not (homeless and ours):
                continue
            if kind != "note":
                if homeless:
                    said.append(homeless)
                homeless = None if ours else (path, int(line), what)
            if ours:
                said.append((path, int(line), homeless[2] if kind == "note" else what))
                homeless = None
        return said + [homeless] * (homeless is not None)

    def standing_for(self, wanted):
        """The sources to look at so that all of the wanted files, headers too, have been seen."""
        sources = {path for path in wanted if path in self.compiled.commands}
        for header in wanted:
            if header.endswith(".hpp"):
                includers = self.compiled.includers(header)
                if not sources & set(includers):
                    sources |= set(includers[:1])
        return sorted(sources)


def main():
    parser = source_tree.arguments(__doc__)
    compile_commands.add_options(parser)
    options = parser.parse_args()
    tree = source_tree.source_tree(options.root)
    compiled = compile_commands.compilations(tree, options.build)
    lint = linter(tree, compiled)
    found = source_tree.findings("tidy")
    if options.files or options.changed:
        paths = lint.standing_for(source_tree.chosen(tree, options, tree.sources()))
    else:
        paths = sorted(compiled.commands)
        for path in tree.sources():
            if path.endswith(".cpp") and path not in compiled.commands and not OPTIONAL.match(path):
                found.add(path, None, f"is not in {options.build}/compile_commands.json; name it in a CMakeLists.txt")
    compile_commands.look_at_all(paths, lint.lint, options, found)
    sys.exit(found.end(len(paths), "file"))


if __name__ == "__main__":
    main()
