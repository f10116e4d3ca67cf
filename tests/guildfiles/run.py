#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py [-B BUILD] [--python PYTHON] CHECKOUT...: loads every Guild file of git repositories.

    run.py --python venv/bin/python packages guildai    against the real Guild AI, some minutes
    run.py packages guildai                             against refused.txt

A checkout is a git clone. Each YAML file of each revision (and each MODEL or MODELS file, as Guild
files were called before they were guild.yml) is loaded as a Guild file in the directory of its
revision, so that what it includes or extends is there; a file that is the same in the same company
is loaded once. Other YAML files are as good a test: both must make the same of them.

PYTHON is one that has the real `guild` package: then what both make of a file is compared, models,
operations, flags and sources, or the sentences that refuse it. What we do differently on purpose
(theirs.py changes it in the file, and compares all the rest) stands in the last column. Without
PYTHON a file must load, or be refused as refused.txt says; --list FILE writes that anew.

Prints a row a file, and at the end "N passed, N failed, N skipped"; ends with 1 when one failed.
BUILD (build) has guildfiles/load of `make tests`.
"""

import argparse
import functools
import json
import os
import posixpath
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PATTERNS = ["*.yml", "*.yaml", "*MODEL", "*MODELS"]


# --- the corpus ----------------------------------------------------------------------------------


def git(repo, *args):
    return subprocess.run(
        ["git", "-C", repo, *args], check=True, stdout=subprocess.PIPE
    ).stdout.decode("utf-8", "surrogateescape")


def is_guildfile(path):
    """Other than of directories whose names begin with a dot: those are not of a project."""
    *dirs, name = path.split("/")
    return not any(d.startswith(".") for d in (*dirs, name)) and (
        name in ("MODEL", "MODELS", "guild.yml") or dirs and name.endswith((".yml", ".yaml"))
    )


class Blobs:
    """The contents of a repository, by one `git cat-file`."""

    def __init__(self, repo):
        self.process = subprocess.Popen(
            ["git", "-C", repo, "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.known = {}

    def read(self, blob):
        """None for one that the clone lacks."""
        if blob not in self.known:
            self.process.stdin.write(blob.encode() + b"\n")
            self.process.stdin.flush()
            head = self.process.stdout.readline().split()
            self.known[blob] = None
            if head[1] != b"missing":
                self.known[blob] = self.process.stdout.read(int(head[2]))
                self.process.stdout.read(1)
        return self.known[blob]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@functools.lru_cache(maxsize=None)
def named_files(path, text):
    """Where what the text of a file may include or extend would be."""
    directory = posixpath.dirname(path)
    roots = ("", "gpkg", directory, posixpath.dirname(directory))
    names = set()
    for word in set(re.findall(rb"[\w./-]+", text)):
        word = word.decode("utf-8", "replace")
        package = word.split("/")[0].replace(".", "/").removeprefix("gpkg/")
        names.add(posixpath.normpath(posixpath.join(directory, word)))
        for form in (package, package.replace("-", "_")):
            names.update(posixpath.join(root, form, "guild.yml") for root in roots)
    return [name for name in names if is_guildfile(name)]


def company(path, tree, blobs):
    """A file with those that it may include or extend, and so on."""
    found, todo = {}, [path]
    while todo:
        here = todo.pop()
        if here not in found:
            found[here] = tree[here]
            text = blobs.read(tree[here]) or b""
            todo += [name for name in named_files(here, text) if name in tree]
    return found


class Case:
    def __init__(self, repo, revision, path, blob):
        self.repo, self.revision, self.path, self.blob = repo, revision, path, blob
        self.file = None  # where it lies; None: the clone lacks it
        self.dirs = ""

    def place(self, top, files, blobs):
        root = os.path.join(top, os.path.basename(self.repo), self.revision)
        for path, blob in files.items():
            if blobs.read(blob) is None:
                return
            file = os.path.join(root, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            if not os.path.exists(file):
                with open(file, "wb") as f:
                    f.write(blobs.read(blob))
        if not os.path.lexists(os.path.join(root, "gpkg")):
            os.symlink(".", os.path.join(root, "gpkg"))  # where packages of then were installed
        self.file = os.path.join(root, self.path)
        directory = os.path.dirname(self.file)
        self.dirs = ":".join([directory, os.path.dirname(directory), root])


def cases_of(repo, top):
    blobs, seen = Blobs(repo), set()
    for revision in git(
        repo, "log", "--all", "--full-history", "--reverse", "--format=%H", "--", *PATTERNS
    ).split():
        tree = {}
        for line in git(repo, "ls-tree", "-r", "-z", revision).split("\0"):
            meta, _tab, path = line.partition("\t")
            if path and meta.startswith("100") and is_guildfile(path):
                tree[path] = meta.split()[2]
        for path, blob in tree.items():
            files = company(path, tree, blobs)
            key = frozenset(
                (posixpath.relpath(p, posixpath.dirname(path)), b) for p, b in files.items()
            )
            if (blob, key) in seen:
                continue
            seen.add((blob, key))
            case = Case(repo, revision, path, blob)
            case.place(top, files, blobs)
            yield case
    blobs.close()


# --- answers -------------------------------------------------------------------------------------


def ask(command, cases, mode=""):
    lines = "".join(f"{case.file}\t{case.dirs}{mode}\n" for case in cases)
    answers = subprocess.run(
        command, input=lines.encode(), stdout=subprocess.PIPE, check=True, cwd="/"
    ).stdout.decode()
    return [json.loads(line) for line in answers.splitlines()]


def reason(answer):
    """Why a file is refused, without what has another form; None: it loads."""
    if "error" not in answer:
        return None
    text = re.sub(r"\s+", " ", answer["error"])
    text = re.sub(r"^error in (cycle in 'includes'): \S+", r"\1", text)
    text = re.sub(r"^(error in )?/[^:]*:(\d+:\d+:)? ", "", text)
    return re.sub(r"/\S*/", "", text)


# Values are shown up to a length.
SHOWN = 120
# The same fault in other words, or of two faults in one file the other one.
SAME = [
    (r"not YAML: ", r".* in \"[^\"]*\", line \d+, column \d+"),
    (r"tag !\w+ is not supported", r"could not determine a constructor for the tag"),
    (r"a key must be a single value", r"while constructing a mapping .* found unhashable key"),
    (r"a key must be a single value", r"while parsing a block mapping"),
    (r"invalid include reference .*: cannot find target", r"invalid include reference"),
    (r"'description' is a mapping; a string is needed", r"AttributeError: .* 'strip'"),
    (r"invalid item .*: expected a mapping", r"TypeError: list indices"),
]


def same_reason(ours, theirs):
    return ours[:SHOWN] == theirs[:SHOWN] or any(
        re.match(a, ours) and re.match(b, theirs) for a, b in SAME
    )


def key_of(text):
    """Ours are as they are written, theirs are as Python reads them."""
    return {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), text)


NOTHING = (None, {}, [])


def difference(ours, theirs, where=""):
    """The first place where two answers differ; None: they agree."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        ours, theirs = ({key_of(k): v for k, v in answer.items()} for answer in (ours, theirs))
        pairs = [(key, ours.get(key), theirs.get(key)) for key in sorted({*ours, *theirs})]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(i, *pair) for i, pair in enumerate(zip(ours, theirs))]
    elif ours in NOTHING and theirs in NOTHING:
        return None
    else:
        same = ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)
        return None if same else f"{where}: {ours!r}, {theirs!r}"
    return next(filter(None, (difference(a, b, f"{where}/{key}") for key, a, b in pairs)), None)


def compare(ours, theirs):
    """None when they agree, else the difference."""
    refused = [reason(ours), reason(theirs)]
    if all(refused):
        return None if same_reason(*refused) else "other reasons"
    if any(refused):
        return "one refuses it"
    return difference(ours["models"], theirs["models"]) or difference(
        ours["default"], theirs["default"], "default"
    )


# --- the table -----------------------------------------------------------------------------------


class Table:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.row("agree", "revision", "file", "ours", "theirs", "why")

    @staticmethod
    def row(*cells):
        print("\t".join(cells))

    def add(self, case, ours, theirs, why, agree):
        self.passed += agree
        self.failed += not agree
        self.row("yes" if agree else "no", case.revision[:8], case.path, ours, theirs, why)

    def skip(self, case):
        self.skipped += 1
        self.row("skip", case.revision[:8], case.path, "", "", "not in the clone")

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0


def verdict(answer):
    return (reason(answer) or "ok")[:SHOWN]


def against_guild_ai(table, cases, ours, python):
    command = [python, os.path.join(HERE, "theirs.py")]
    theirs = ask(command, cases)
    odd = [i for i, t in enumerate(theirs) if compare(ours[i], t)]
    mended = dict(zip(odd, ask(command, [cases[i] for i in odd], "\tmended")))
    for i, (case, o, t) in enumerate(zip(cases, ours, theirs)):
        found, why = compare(o, t), ""
        if found and mended[i]["mended"] and not compare(o, mended[i]):
            found, why = None, "; ".join(mended[i]["mended"])
        elif found and mended[i]["mended"]:
            found = "mended: " + compare(o, mended[i])
        table.add(case, verdict(o), verdict(t), why or found or "", not found)


def kind(answer):
    """The fault without the values that it is about."""
    return re.split(r"[\d'\"({[$:]", (reason(answer) or "ok").lstrip("'"))[0].strip()


def against_list(table, cases, ours, path):
    listed = {}
    with open(path) as f:
        for line in f:
            if not line.startswith("#"):
                blob, _file, fault = line.rstrip("\n").split("\t")
                listed.setdefault(blob, set()).add(fault)
    for case, o in zip(cases, ours):
        wanted = listed.get(case.blob[:12], {"ok"})
        table.add(case, verdict(o), " or ".join(sorted(wanted)), "", kind(o) in wanted)


def write_list(path, cases, ours):
    """A file that is refused in one company only is there with both answers."""
    refused = {case.blob for case, o in zip(cases, ours) if reason(o)}
    lines = {
        f"{case.blob[:12]}\t{posixpath.basename(case.path)}\t{kind(o)}\n"
        for case, o in zip(cases, ours)
        if case.blob in refused
    }
    with open(path, "w") as f:
        f.write("# SPDX-License-Identifier: MIT\n")
        f.write("# Files of guildai/packages and guildai/guildai that are refused, by run.py --list:\n")
        f.write("# Git's name of the text, the file's, and the fault that Guild AI finds, too.\n")
        f.writelines(sorted(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-B", dest="build", default="build")
    parser.add_argument("--python")
    parser.add_argument("--list")
    parser.add_argument("checkouts", nargs="+")
    args = parser.parse_args()
    if args.python:
        args.python = os.path.abspath(args.python)
        os.environ["GUILD_PYTHON_EXE"] = args.python
    load = os.path.abspath(os.path.join(args.build, "guildfiles/load"))
    with tempfile.TemporaryDirectory(prefix="guildfs-guildfiles.") as top:
        cases = [
            case for repo in args.checkouts for case in cases_of(os.path.abspath(repo), top)
        ]
        table = Table()
        for case in cases:
            if not case.file:
                table.skip(case)
        cases = [case for case in cases if case.file]
        ours = ask([load], cases)
        if args.python:
            against_guild_ai(table, cases, ours, args.python)
        else:
            against_list(table, cases, ours, os.path.join(HERE, "refused.txt"))
    if args.list:
        write_list(args.list, cases, ours)
    return table.end()


if __name__ == "__main__":
    sys.exit(main())
