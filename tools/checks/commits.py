"""Commits since a git reference (main): a subject of at most 72 characters without a full stop, a blank line, and a body
that says why.
"""

import subprocess
import sys

import source_tree

SUBJECT = 72


def main():
    parser = source_tree.arguments(__doc__, files=False)
    parser.add_argument("since", nargs="?", default="main", metavar="REF", help="the commits behind it: main")
    options = parser.parse_args()
    done = subprocess.run(["git", "-C", options.root, "log", "--no-merges", "--format=%h%x00%B%x01",
                           f"{options.since}..HEAD"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"commits: {done.stderr.strip()}")
    found = source_tree.findings("commits")
    messages = [one.strip().split("\0") for one in done.stdout.split("\1") if one.strip()]
    for name, message in messages:
        subject, *rest = message.strip().split("\n")
        if len(subject) > SUBJECT:
            found.add(name, None, f"a subject of {len(subject)} characters, {SUBJECT} is the most: {subject}")
        if subject.endswith("."):
            found.add(name, None, f"a subject ends without a full stop: {subject}")
        if rest and rest[0]:
            found.add(name, None, f"a blank line stands between subject and body: {subject}")
        elif not "".join(rest).strip():
            found.add(name, None, f"a body says why: {subject}")
    sys.exit(found.end(len(messages), "commit"))


if __name__ == "__main__":
    main()
