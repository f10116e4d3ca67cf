# SPDX-License-Identifier: MIT
"""verify.py HOME LOGS STATES NUMBERS: what the workers were promised (soak.h) is in the store, the
store is whole, and the states (those of guild runs --json) and the numbers (guild compare --csv)
are what its files say.

Prints what is wrong and exits with 1 then.
"""
import collections
import csv
import json
import pathlib
import re
import sys

home, logs, states, numbers = map(pathlib.Path, sys.argv[1:])
problems = []


def wrong(*words):
    problems.append(" ".join(map(str, words)))


def read(path):
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


starts, comments, purged, killed, purged_tokens = set(), [], set(), set(), set()
for log in logs.iterdir():
    for line in log.read_text().splitlines():
        verb, *words = line.split()
        if verb == "start":
            starts.add(words[0])
        elif verb == "comment":
            comments.append(words)
        elif verb == "kill":
            killed.add(words[0])
        else:
            purged.add(words[0])
            purged_tokens.add(words[1])

runs = {}
names = collections.Counter()
for run in [*home.glob("runs/*"), *home.glob("trash/runs/*")]:
    if run.name == ".guild-partial":  # of a daemon that died while it purged one
        continue
    attrs = run / ".guild" / "attrs"
    if run.name in runs:
        wrong(run.name, "is in runs/ and in the trash")
    runs[run.name] = run
    if read(attrs / "id").strip() != run.name:
        wrong(run.name, "has another id, or none")
    for attr in ("cmd", "flags", "op", "initialized", "user"):
        if not read(attrs / attr):
            wrong(run.name, "has no", attr)
    if not read(run / ".guild" / "opref"):
        wrong(run.name, "has no opref")
    name = re.search(r"^name: (\S+)$", read(attrs / "flags"), re.M)
    names[name and name[1]] += 1

    staged = (run / ".guild" / "STAGED").exists()
    code = read(attrs / "exit_status").strip()
    output = read(run / ".guild" / "output")
    if staged and code:
        wrong(run.name, "is staged and has ended")
    if code == "0" and not re.fullmatch(
            r"epochs=\d name=\S+\nloss: 0.\d\nend\n", output):
        wrong(run.name, "completed with another output:", repr(output))
    if code == "0" and read(run / "result.txt") != "result\n":
        wrong(run.name, "completed with another artifact:", repr(read(run / "result.txt")))
    if code == "0" and name and f"name={name[1]}\n" not in output:
        wrong(run.name, "has the output of another run")
    # Deleted while it was staged, it stays so; nothing else that is live can be.
    if not staged and not code and not (run / ".guild" / "PENDING").exists() and \
            not (run / ".guild" / "LOCK").exists() and run.parent == home / "runs" and output and \
            run.name not in killed:
        wrong(run.name, "has run, and nobody knows how it ended")

def state(run):
    """Of a run that has nothing alive, by its files alone."""
    guild = run / ".guild"
    code = read(guild / "attrs" / "exit_status").strip()
    if (guild / "PENDING").exists():
        return "pending"
    if (guild / "STAGED").exists():
        return "staged"
    if not code:
        return "error"
    return "completed" if code == "0" else "terminated" if code[0] == "-" else "error"


shown = {run["id"]: run["status"] for run in json.loads(states.read_text())}
for run in (home / "runs").glob("[0-9a-f]*"):
    if shown.pop(run.name, None) != state(run):
        wrong(run.name, "is shown in another state than", state(run))
for run in shown:
    wrong(run, "is shown, and not there")

for row in csv.DictReader(numbers.open()):
    if row["status"] == "completed" and f"{float(row['loss'] or 'nan'):.1f}" != f"0.{row['epochs']}":
        wrong(row["run"], "has another loss than that of its output:", row["loss"])

for name, count in names.items():
    if count > 1:
        wrong("the flags of", name, "made", count, "runs")
lost = starts - names.keys() - purged_tokens
if lost:
    wrong(len(lost), "acknowledged runs are not there:", *sorted(lost)[:20])
for run, token in comments:
    if run in runs and token not in read(runs[run] / ".guild" / "attrs" / "comments"):
        wrong(run, "has lost the comment", token)
    if run not in runs and run not in purged:
        wrong(run, "is gone, and nobody purged it")

print(len(runs), "runs,", len(starts), "acknowledged,", len(comments), "comments")
print(*problems, sep="\n")
sys.exit(bool(problems))
