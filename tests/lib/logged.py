# SPDX-License-Identifier: MIT
"""What a run shows beside what its program says that it logged: logged.py HOW RUN [ARGUMENT].

RUN is a run directory. logged.jsonl in it has one list a line: key, step, value.

csv MOUNTED      prints what differs from scalars.csv of the run in the mount
tsv MOUNTED      from scalars/*.tsv
metrics MOUNTED  from metrics/
info             from guild runs info --json, on standard input
columns          prints columns for guild compare, all keys; blanks are not for columns
compare          prints what differs from their values in guild compare --csv, on standard input
tensorboard DIR  prints run below the one of the whole, tag, step and value as tensorboard_ask.py's
                 `all` does; scalars in none of the directories DIR are in .guild
"""
import csv
import json
import math
import os
import sys


def shown(value):
    return "nan" if value is None or math.isnan(value) else repr(value)


def files(top, suffix):
    """Key and text; a tag that is also a directory of tags ends in %value."""
    for at, _, names in os.walk(top):
        for name in names:
            path = os.path.join(at, name)
            key = os.path.relpath(path, top).removesuffix(suffix).removesuffix("%value")
            with open(path) as f:
                yield key.replace("#/", "#"), f.read()


def rows(text):
    return [(int(step), value) for step, value, _ in csv.reader(text.splitlines()[1:], delimiter="\t")]


def series_csv(path):
    found = {}
    with open(path, newline="") as f:
        for row in csv.DictReader(f):
            found.setdefault(row["tag"], []).append((int(row["step"]), row["value"]))
    return found


def differences(wanted, found):
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            print(key, "logged:", wanted.get(key), "shown:", found.get(key))


how, run, *rest = sys.argv[1:]
logged = {}
with open(os.path.join(run, "logged.jsonl")) as lines:
    for line in lines:
        key, step, value = json.loads(line)
        logged.setdefault(key, []).append((step, shown(value)))
last = {key: samples[-1] for key, samples in logged.items()}
last_values = {key: value for key, (_, value) in last.items()}
columns = [key for key in sorted(last) if " " not in key]

if how == "csv":
    differences(logged, series_csv(os.path.join(rest[0], "scalars.csv")))
elif how == "tsv":
    differences(logged, {key: rows(text) for key, text in files(os.path.join(rest[0], "scalars"), ".tsv")})
elif how == "metrics":
    differences(last_values, {key: text.strip() for key, text in files(os.path.join(rest[0], "metrics"), "")})
elif how == "info":
    scalars = json.load(sys.stdin)["scalars"]
    differences(last, {key: (step, shown(value)) for key, (value, step) in scalars.items()})
elif how == "columns":
    print(", ".join(f"{key} as c{n}" for n, key in enumerate(columns)))
elif how == "compare":
    _, values = csv.reader(sys.stdin)
    wanted = {key: last_values[key].replace("nan", "") for key in columns}
    differences(wanted, dict(zip(columns, values[1:])))
elif how == "tensorboard":
    found = []
    for key, samples in logged.items():
        where, _, tag = key.rpartition("#")
        where = where or ("" if key.split("/")[0] in rest else ".guild")
        found += [(where, tag, step, value) for step, value in samples]
    for sample in sorted(found):
        print(*sample, sep="\t")
