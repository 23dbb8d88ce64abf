"""Each header compiles alone, with clang: whoever includes it need not know what to include before.

Those of the rooms without CAF are CMake's to compile, in its target headers_alone (tests/layering); here are the others: the
rooms that start from a precompiled header, which hides what is missing, tools, tests and examples. A header is compiled as a
source of its folder that includes it. What is known of an unchanged one is kept in build/tidy/alone.
"""

import os
import re
import subprocess
import sys

import compile_commands
import source_tree

CLANG = "clang++-14"
# clang 14 asks for this before libstdc++'s <coroutine> opens; see .clang-tidy.
OPTIONS = ["-D__cpp_impl_coroutine=201902L", "-fsyntax-only", "-w", "-x", "c++-header"]
ERROR = re.compile(r"^([^:\n]+):(\d+):\d+: (?:fatal )?error: (.*)$", re.MULTILINE)
# Built only where a package is there that nothing else needs, or outside of this build.
OPTIONAL = re.compile(r"tools/bench/echo/grpc_|tests/package/outside/")


class reader:
    def __init__(self, tree, compiled):
        self.tree, self.compiled = tree, compiled
        self.known = compile_commands.memory(os.path.join(compiled.build, "alone"))

    def look(self, header):
        """What keeps a header from compiling alone."""
        includers = self.compiled.includers(header)
        if not includers:
            return [(header, 1, "no source includes it; take it out, or include it where it belongs")]
        by = self.compiled.commands[includers[0]]
        at = os.path.join(self.tree.root, header)
        digest = self.compiled.digest(CLANG + " ".join(OPTIONS), at, by)
        said = self.known.recall(digest)
        if said is None:
            said = self.compile(header, at, by)
            self.known.keep(digest, said)
        return said

    def compile(self, header, at, by):
        done = subprocess.run([CLANG, *by.settings(), *OPTIONS, at], capture_output=True, text=True, cwd=by.directory)
        if done.returncode == 0:
            return []
        where, line, text = (ERROR.findall(done.stderr) or [(at, 1, done.stderr.strip()[-200:])])[0]
        there = f" ({os.path.relpath(where, self.tree.root)}:{line})" if where != at else ""
        return [(header, int(line) if where == at else 1,
                 f"does not compile alone: {text}{there}; include what it uses")]


def compiled_by_cmake(tree, path):
    """Whether the target headers_alone has it: see troupe_add_room."""
    parts = path.split("/")
    listing = "/".join(parts[:3]) + "/CMakeLists.txt"
    return path.startswith("framework/troupe/") and listing in tree.paths and "PRECOMPILED" not in tree.read(listing)


def main():
    parser = source_tree.arguments(__doc__)
    compile_commands.add_options(parser)
    options = parser.parse_args()
    tree = source_tree.source_tree(options.root)
    alone = reader(tree, compile_commands.compilations(tree, options.build))
    found = source_tree.findings("headers")
    headers = [path for path in tree.sources() if path.endswith(".hpp") and not OPTIONAL.match(path) and
               not compiled_by_cmake(tree, path)]
    paths = source_tree.chosen(tree, options, headers)
    compile_commands.look_at_all([[path] for path in paths], lambda one: alone.look(*one), options, found)
    sys.exit(found.end(len(paths), "header"))


if __name__ == "__main__":
    main()
