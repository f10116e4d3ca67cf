#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what transcripts.py --json wrote with the lists beside this file.

    verdicts.py check RUN.json       cases for a test script; what broke goes to stderr
    verdicts.py new RUN.json         files in which statements pass that passed.tsv does not list
    verdicts.py add RUN.json...      adds to passed.tsv the statements that pass in every run

Lines of the lists start with file, line and SHA-1 of a statement:

    baseline-0.9.0.tsv   what Guild AI 0.9.0 itself passes
    passed.tsv           what must go on passing; only grows: `new` refuses when some of it failed
    differs.tsv          where 0.9.1 decides, or where we differ by intention, and why; these are
                         not compared. Some are statements of 0.9.1, for runs by hand
"""

import argparse
import collections
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHOWN = 20  # statements that broke whose texts are shown


def read_list(name):
    with open(os.path.join(HERE, name)) as f:
        return {tuple(line.rstrip("\n").split("\t")[:3]) for line in f}


def read_run(path):
    """Key of a statement -> its record."""
    with open(path) as f:
        return {(r["file"], str(r["line"]), r["sha1"]): r for r in json.load(f)}


def place(key):
    return f"{key[0]}:{key[1]}"


def in_order(keys):
    return sorted(keys, key=lambda key: (key[0], int(key[1])))


class Lists:
    def __init__(self):
        self.baseline = read_list("baseline-0.9.0.tsv")
        self.passed = read_list("passed.tsv")
        self.differs = read_list("differs.tsv")

    def good(self, run):
        """The statements of a run that count and passed."""
        passed = {key for key, record in run.items() if record["verdict"] == "passed"}
        return passed & self.baseline - self.differs

    def write_passed(self, keys):
        path = os.path.join(HERE, "passed.tsv")
        with open(path + ".new", "w") as f:
            f.writelines("\t".join(key) + "\n" for key in in_order(keys))
        os.replace(path + ".new", path)


def show_broken(keys, run):
    for key in keys[:SHOWN]:
        record = run.get(key, {"source": "", "verdict": "was not run", "why": None})
        why = record["why"] or ""
        print(f"--- {place(key)}\n{record['source']}{record['verdict']} {why}", file=sys.stderr)


def check(lists, run):
    good = lists.good(run)
    for key in in_order(lists.passed & lists.differs):
        print(f"not ok {place(key)}: is in passed.tsv and in differs.tsv")
    broken = in_order(lists.passed - good)
    for key in broken:
        print(f"not ok {place(key)}: passed once and does not now")
    show_broken(broken, run)
    bad_files = {key[0] for key in broken}
    for name, count in sorted(collections.Counter(key[0] for key in lists.passed).items()):
        if name not in bad_files:
            print(f"ok {name}: {count} statements")
    total = len(lists.baseline)
    print(f"ok score: {len(good)} of {total} baseline statements ({100 * len(good) / total:.1f} %); "
          f"{len(lists.differs & lists.baseline)} of them are in differs.tsv")
    beyond = len(good - lists.passed)
    if beyond:
        print(f"note conformance: {beyond} more passed than passed.tsv lists; "
              "make conformance-update adds those that pass every time")


def new(lists, run):
    """Prints the files in which something new passes; refuses when something listed does not."""
    good = lists.good(run)
    broken = in_order(lists.passed - good)
    show_broken(broken, run)
    if broken:
        sys.exit(f"passed.tsv only grows, and {len(broken)} of its statements did not pass now")
    print("\n".join(sorted({key[0] for key in good - lists.passed})))


def add(lists, *runs):
    every_time = set.intersection(*map(lists.good, runs))
    sometimes = set.union(*map(lists.good, runs)) - every_time - lists.passed
    files = {key[0] for key in set.union(*map(set, runs[1:]))}
    for key in in_order(key for key in sometimes if key[0] in files):
        print(f"{place(key)}: passes only sometimes, not added")
    print(f"{len(every_time - lists.passed)} statements added to passed.tsv")
    lists.write_passed(lists.passed | every_time)


def main():
    modes = {"check": check, "new": new, "add": add}
    parser = argparse.ArgumentParser(description="Compare runs of the transcripts with the lists.")
    parser.add_argument("mode", choices=modes)
    parser.add_argument("runs", nargs="+", metavar="RUN.json")
    args = parser.parse_args()
    modes[args.mode](Lists(), *map(read_run, args.runs))


if __name__ == "__main__":
    main()
