# SPDX-License-Identifier: MIT
"""An operation that writes down how it was called, into dump.json of its run."""
import hashlib
import json
import os
import sys

a = 1
b = 2.5
name = "x"
deep = False
nothing = 1
words = "one two"
params = {"a": 0}


def look(path):
    if os.path.islink(path):
        return "link to " + os.readlink(path)
    if os.path.isdir(path):
        return sorted(os.listdir(path))
    with open(path, "rb") as f:
        return hashlib.md5(f.read()).hexdigest()


def files(top):
    for entry in sorted(os.listdir(top)):
        path = os.path.join(top, entry)
        if entry in (".guild", "dump.json"):
            continue
        yield path, look(path)
        if os.path.isdir(path) and not os.path.islink(path):
            yield from files(path)


dump = {
    "argv": sys.argv,
    "env": dict(os.environ),
    "cwd": os.getcwd(),
    "files": dict(files(".")),
    "globals": {n: repr(globals()[n]) for n in "a b name deep nothing words params".split()},
}
with open("dump.json", "w") as f:
    json.dump(dump, f)
