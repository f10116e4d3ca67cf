# SPDX-License-Identifier: MIT
"""What differs between two runs of one operation, one of Guild AI and one of ours.

    guild_ai_runs.py dump FILE ID FILE ID     what dump.py wrote down in the runs
    guild_ai_runs.py attrs RUN_DIR RUN_DIR    what is stored of the runs, the first one Guild AI's

Prints a line for each difference that docs/guild-ai.md does not explain. The lists of those that
it does are the constants here.
"""

import difflib
import json
import os
import sys

import yaml

# In the environment: who runs it, and from where.
ENV = ["GUILD_PLUGINS", "PWD"]
# Differ from run to run, or say who made it.
ATTRS = ["id", "initialized", "platform", "plugins", "random_seed", "started", "stopped"]
# Options that 0.9.0 does not have.
RUN_PARAMS = ["test_output_attrs"]

# A script that trains or prepares gets one from 0.9.1, not from 0.9.0.
SCRIPT_TAGS = {"model", "dataset"}


def renamed(value, run_id):
    """The value, with the run's own id under a name that all runs share."""
    if isinstance(value, str):
        return value.replace(run_id, "RUN")
    if isinstance(value, list):
        return [renamed(item, run_id) for item in value]
    if isinstance(value, dict):
        return {key: renamed(item, run_id) for key, item in value.items()}
    return value


def python_path(text):
    """Without what stands for Guild AI itself: its site-packages, or our shim."""
    ours = os.environ["SHIM_DIR"]
    return [p for p in text.split(":") if p != ours and not p.endswith("/site-packages")]


def comparable_env(env):
    env = {key: value for key, value in env.items() if key not in ENV}
    if "PYTHONPATH" in env:
        env["PYTHONPATH"] = python_path(env["PYTHONPATH"])
    if "GUILD_RUNS_PARENT" in env:
        env["GUILD_RUNS_PARENT"] = "PARENT"
    return env


def read_dump(path, run_id):
    with open(path) as f:
        dump = json.load(f)
    dump["env"] = comparable_env(dump["env"])
    return renamed(dump, run_id)


def comparable_op(op):
    op.pop("output-attrs", None)
    op.pop("guildfs", None)
    op["op-cmd"]["cmd-env"] = comparable_env(op["op-cmd"]["cmd-env"])
    # Flags that sources define repeat their name there.
    extra = op["flags-extra"]
    op["flags-extra"] = {name: v for name, v in extra.items() if v != {"name": name}}
    for flag in op["op-cmd"]["cmd-flags"].values():
        if flag.get("arg-switch") is False:
            del flag["arg-switch"]


def comparable_deps(deps):
    for sources in deps.values():
        for source in sources.values():
            source["paths"] = [
                "GENERATED" if "/generated/" in path else path for path in source["paths"]
            ]


def read_attrs(run_dir):
    guild = os.path.join(run_dir, ".guild")
    attrs = {}
    for name in os.listdir(os.path.join(guild, "attrs")):
        with open(os.path.join(guild, "attrs", name)) as f:
            attrs[name] = yaml.safe_load(f)
    for name in ATTRS:
        if name in attrs:
            attrs[name] = "there"
    comparable_op(attrs["op"])
    comparable_deps(attrs["deps"])
    attrs["tags"] = sorted(set(attrs.get("tags", [])) - SCRIPT_TAGS)
    attrs["env"] = comparable_env(attrs.get("env", {}))
    attrs["run_params"] = {k: v for k, v in attrs["run_params"].items() if k not in RUN_PARAMS}
    with open(os.path.join(guild, "opref")) as f:
        attrs["opref"] = f.read()
    with open(os.path.join(guild, "manifest")) as f:
        attrs["manifest"] = sorted(f.read().splitlines())
    return renamed(attrs, os.path.basename(run_dir))


def lines_of(value, prefix=""):
    if isinstance(value, dict) and value:
        return [
            line for key in sorted(value, key=str)
            for line in lines_of(value[key], f"{prefix}{key!r}: ")
        ]
    if isinstance(value, list) and value:
        return [line for i, v in enumerate(value) for line in lines_of(v, f"{prefix}{i}: ")]
    return [prefix + repr(value)]


def main(kind, *args):
    if kind == "dump":
        a, b = read_dump(*args[:2]), read_dump(*args[2:])
    else:
        a, b = (read_attrs(run_dir) for run_dir in args)
    for line in difflib.ndiff(lines_of(a), lines_of(b)):
        if line[0] in "-+":
            print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
