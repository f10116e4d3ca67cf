# SPDX-License-Identifier: MIT
"""Whether a program that proposes trials, told what another one was told, goes on as that one would.

    propose_again.py PYTHON SHIM_DIR ALGORITHM FLAGS STARTS TRIALS

Says nothing when it does; else what differs. FLAGS is JSON.
"""

import json
import os
import subprocess
import sys

SPACE = [
    {"name": "x", "kind": "real", "low": -2.0, "high": 2.0},
    {"name": "n", "kind": "integer", "low": 1, "high": 9},
]


def value(point):
    return (point[0] - 0.5) ** 2 + abs(point[1] - 4)


class Program:
    def __init__(self, python, shim, algorithm, flags):
        self.process = subprocess.Popen(
            [python, "-um", "guild.propose"],
            env=dict(os.environ, PYTHONPATH=shim),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        begin = {"algorithm": algorithm, "space": SPACE, "flags": flags, "seed": 1}
        self.say({"begin": begin})
        self.hear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()

    def say(self, message):
        print(json.dumps(message), file=self.process.stdin, flush=True)

    def hear(self):
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            sys.exit(answer["error"])
        return answer

    def tell(self, number, point, state="complete"):
        told = {"id": str(number), "point": point, "value": None, "seconds": 1, "state": state}
        if state == "complete":
            told["value"] = value(point)
        self.say({"tell": dict(told, own=True)})

    def ask(self, number, starts):
        self.say({"ask": {"number": number, "random": number < starts}})
        return self.hear()["point"]


def search(program, points, starts, trials):
    """Goes on after `points`."""
    for number, point in enumerate(points):
        program.tell(number, point)
    points = list(points)
    for number in range(len(points), trials):
        points.append(program.ask(number, starts))
        program.tell(number, points[-1])
    return points


def main(python, shim, algorithm, flags, starts, trials):
    flags, starts, trials = json.loads(flags), int(starts), int(trials)
    with Program(python, shim, algorithm, flags) as program:
        points = search(program, [], starts, trials)
    for cut in (1, trials // 2, trials - 1):
        with Program(python, shim, algorithm, flags) as program:
            again = search(program, points[:cut], starts, trials)
        if again != points:
            print(f"after {cut}: {again[cut:]}, not {points[cut:]}")
    # Two at a time are not the same two.
    with Program(python, shim, algorithm, flags) as program:
        search(program, points[: trials - 2], starts, trials - 2)
        first = program.ask(trials - 2, starts)
        program.tell(trials - 2, first, "running")
        second = program.ask(trials - 1, starts)
        program.tell(trials - 1, second, "running")
        if first == second:
            print(f"at the same time: {first} twice")
        program.tell(trials - 2, first)
        program.tell(trials - 1, second, "failed")
        program.ask(trials, starts)


main(*sys.argv[1:])
