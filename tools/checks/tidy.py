"""clang-tidy 14 by .clang-tidy, over every source of the tree; functions of more than 60 lines are among its findings.

What it found in a file is kept in build/tidy/found under a hash of the file, of all of the tree's files that it
includes, of the command and of .clang-tidy: the next run looks only at what has changed. With --changed, or where files are
named, a header is looked at by way of one source that includes it.

Most of its time goes into the headers that a source includes. So some sources of a folder are looked at as one that
includes them all; those of which anything is said, if only that they do not go together, then alone.
"""

import os
import re
import subprocess
import sys
import tempfile

import compile_commands
import source_tree

CLANG_TIDY = "clang-tidy-14"
# What is built only where a package is there that nothing else needs, or outside of this build.
OPTIONAL = re.compile(r"tools/bench/(echo/grpc_|(routing|sealing)_bench)|tests/package/outside/")
DIAGNOSTIC = re.compile(r"^(/[^:\n]+):(\d+):\d+: (warning|error|note): (.*)$", re.MULTILINE)


TOGETHER = 8


class linter:
    def __init__(self, tree, compiled):
        self.tree, self.compiled = tree, compiled
        self.found = compile_commands.memory(os.path.join(compiled.build, "found"))
        version = subprocess.run([CLANG_TIDY, "--version"], capture_output=True, text=True, check=True).stdout
        self.version = version + re.sub(r"^\s*#.*\n", "", tree.read(".clang-tidy"), flags=re.MULTILINE)

    def lint(self, paths):
        """What clang-tidy says of sources that are compiled alike."""
        said, waiting = [], []
        for path in paths:
            known = self.found.recall(self.digest(path))
            if known is None:
                waiting.append(path)
            else:
                said += known
        while len(waiting) > 1:
            named = self.named(waiting)
            if not named:
                for path in waiting:
                    self.found.keep(self.digest(path), [])
                return said
            said += [one for path in named for one in self.alone(path)]
            waiting = [path for path in waiting if path not in named]
        return said + [one for path in waiting for one in self.alone(path)]

    def named(self, paths):
        """Of sources that are looked at together, those of which anything is said: all where it is of none."""
        by = self.compiled.commands[paths[0]]
        with tempfile.NamedTemporaryFile("w", suffix=".cpp", dir=self.compiled.build) as one:
            one.writelines(f'#include "{self.compiled.commands[path].file}"  // NOLINT\n' for path in paths)
            one.flush()
            done = self.run(one.name, "--", *by.settings())
        if done.returncode == 0 and not done.stdout.strip():
            return []
        about = {path for path, line, what in self.read(done.stdout)}
        return [path for path in paths if path in about] or paths

    def alone(self, path):
        file = self.compiled.commands[path].file
        done = self.run("-p", self.compiled.build, file)
        said = self.read(done.stdout)
        if done.returncode != 0 and not said:
            return [(path, 1, f"clang-tidy failed: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}")]
        self.found.keep(self.digest(path), said)
        return said

    def run(self, *words):
        return subprocess.run([CLANG_TIDY, "--quiet", *words], capture_output=True, text=True, cwd=self.tree.root)

    def digest(self, path):
        by = self.compiled.commands[path]
        return self.compiled.digest(self.version, by.file, by)

    def batches(self, paths):
        """Sources of one folder that are compiled alike, so many at a time."""
        alike = {}
        for path in paths:
            alike.setdefault((os.path.dirname(path), *self.compiled.commands[path].settings()), []).append(path)
        return [some[at:at + TOGETHER] for some in alike.values() for at in range(0, len(some), TOGETHER)]

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
    compile_commands.look_at_all(lint.batches(paths), lint.lint, options, found)
    sys.exit(found.end(len(paths), "file"))


if __name__ == "__main__":
    main()
