"""What tidy and headers share: how each source is compiled, which of the tree's files it includes, what is remembered
of it, and looking at many in parallel.

The compile commands are those of the preset `tidy`: of the whole tree, and without g++'s precompiled headers, which clang
does not read.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


class command:
    """How one source is compiled."""

    def __init__(self, entry):
        self.directory, self.file = entry["directory"], entry["file"]
        self.words, self.folders = shlex.split(entry["command"]), []
        for word, following in zip(self.words, self.words[1:]):
            if word.startswith("-I"):
                self.folders.append(word[2:])
            elif word == "-isystem":
                self.folders.append(following)

    def settings(self):
        """Its options: without the compiler, the source and what is written."""
        return [word for before, word in zip(self.words, self.words[1:])
                if before != "-o" and word not in ("-o", "-c", self.file)]


class compilations:
    """The sources of a tree that are compiled, by their paths: `commands`."""

    def __init__(self, tree, build):
        self.tree, self.build = tree, os.path.join(tree.root, build)
        self.texts, self.direct = {}, {}
        if os.path.exists(os.path.join(self.build, "build.ninja")):
            self.make_generated()
        try:
            with open(os.path.join(self.build, "compile_commands.json"), encoding="utf-8") as file:
                entries = json.load(file)
        except FileNotFoundError:
            sys.exit(f"There is no {build}/compile_commands.json: cmake --preset tidy")
        known = set(tree.paths)
        self.commands = {}
        for entry in entries:
            path = os.path.relpath(entry["file"], tree.root)
            if path in known and path not in self.commands:
                self.commands[path] = command(entry)

    def make_generated(self):
        """Has the headers made that the tree includes and the schema compilers write. Not by ninja, for whom the rooms
        come first, as the targets that have schemas link them; and with the plugin that tools/check has built."""
        def ask(*words):
            done = subprocess.run(["ninja", "-C", self.build, "-t", *words], capture_output=True, text=True, check=True)
            return done.stdout.splitlines()

        made = [line.split(":")[0] for line in ask("targets", "all")
                if re.fullmatch(r"[^/:][^:]*\.(h|hpp): CUSTOM_COMMAND", line)]
        commands = [line for line in ask("commands", *made) if re.search(r"/capnp compile |/protoc ", line)]
        plugin = os.path.join(self.tree.root, "build", "release", "bin", "capnpc-troupe")
        for line in dict.fromkeys(commands):
            line = line.replace(os.path.join(self.build, "bin", "capnpc-troupe"), plugin)
            done = subprocess.run(line, shell=True, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"A generated header cannot be made: {line}\n{done.stderr}")

    def text(self, path):
        if path not in self.texts:
            with open(path, "rb") as file:
                self.texts[path] = file.read()
        return self.texts[path]

    def included(self, path, folders):
        """The files of the tree, and those generated from it, that a file names in its includes."""
        key = (path, tuple(folders))
        if key not in self.direct:
            self.direct[key] = []
            for name in INCLUDE.findall(self.text(path).decode(errors="replace")):
                for folder in [os.path.dirname(path), *folders]:
                    candidate = os.path.normpath(os.path.join(folder, name))
                    if candidate.startswith(self.tree.root + os.sep) and os.path.isfile(candidate):
                        self.direct[key].append(candidate)
                        break
        return self.direct[key]

    def closure(self, file, folders):
        """A file, and all that it includes, sorted."""
        seen, waiting = {file}, [file]
        while waiting:
            for path in self.included(waiting.pop(), folders):
                if path not in seen:
                    seen.add(path)
                    waiting.append(path)
        return sorted(seen)

    def includers(self, header):
        """The sources that include a header, those of its own folder first."""
        at = os.path.join(self.tree.root, header)
        some = [path for path, one in self.commands.items() if at in self.closure(one.file, one.folders)]
        return sorted(some, key=lambda path: (os.path.dirname(path) != os.path.dirname(header), path))

    def digest(self, what, file, by):
        """Stands for a file with all that it includes, as it is compiled `by` a command, and for `what` is done."""
        words = [word for word in by.words if word != by.file]
        summed = hashlib.sha256((what + "\n".join(words)).replace(self.tree.root, "").encode())
        for path in self.closure(file, by.folders):
            summed.update(os.path.relpath(path, self.tree.root).encode() + b"\0" + self.text(path))
        return summed.hexdigest()


class memory:
    """What was found, by a digest of what was looked at."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def recall(self, digest):
        try:
            with open(os.path.join(self.folder, digest), encoding="utf-8") as file:
                return [tuple(one) for one in json.load(file)]
        except FileNotFoundError:
            return None

    def keep(self, digest, said):
        path = os.path.join(self.folder, digest)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(said, file)
        os.replace(path + ".new", path)


def add_options(parser):
    parser.add_argument("--build", default="build/tidy", help="where compile_commands.json is: build/tidy")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at once: as many as there are cores")
    parser.add_argument("--seconds", type=float, default=0, help="begin no more after so long; that is a finding")


def look_at_all(batches, look, options, found):
    """Looks at lists of files in parallel, each giving (path, line, text) for what is wrong, and tells the findings."""
    started = told = time.monotonic()
    said, seen, late, total = set(), 0, 0, sum(map(len, batches))

    def one(batch):
        if options.seconds and time.monotonic() - started > options.seconds:
            return None
        return look(batch)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for batch, result in zip(batches, pool.map(one, batches)):
            seen += len(batch)
            late += len(batch) * (result is None)
            said |= set(result or [])
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"{found.checker}: {seen} of {total} files after {told - started:.0f} s", file=sys.stderr, flush=True)
    for path, line, text in sorted(said):
        found.add(path, line, text)
    if late:
        found.add("tools/check", None, f"{late} files were not looked at within {options.seconds:.0f} s")
