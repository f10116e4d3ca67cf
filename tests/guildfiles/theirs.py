# SPDX-License-Identifier: MIT
"""What Guild AI says of Guild files: load.c's lines, from the real `guild` package.

Started by run.py with a Python that has it. A line is a path, a tab, PYTHONPATH, and "\tmended" when
what we do differently on purpose is to be changed in the file first, so that all the rest can be
compared; the answer then names what was changed. Flags are not imported from programs: those are
not in the corpus, and what a Guild file says is the question.
"""

import contextlib
import json
import logging
import os
import shlex
import sys

TYPES = ("config", "include", "model", "package")

PASSED_ON = (
    "can-stage-trials compare default-flag-arg-skip default-max-trials delete-on-success"
    " env-secrets flag-encoder flags-import-skip handle-keyboard-interrupt objective pip-freeze"
    " python-requires run-attrs stoppable"
).split()


# --- what we do differently --------------------------------------------------------------------


class Mended:
    """The yaml module of guild.guildfile, for files that get the meaning that we give them."""

    def __init__(self, yaml):
        self.YAMLError = yaml.YAMLError
        self.yaml = yaml
        self.changes = set()

    def safe_load(self, text):
        data = self.yaml.safe_load(text)
        if isinstance(data, dict) and any(isinstance(data.get(t), str) for t in TYPES):
            self.changes.add("2018: one mapping is one item")
            data = [data]
        for item in data if isinstance(data, list) else [data]:
            if isinstance(item, dict):
                self.mend_item(item)
        return data

    def mend_item(self, item):
        typed = any(t in item for t in (*TYPES, "operations"))
        operations = item.get("operations") if typed else item
        for op in operations.values() if isinstance(operations, dict) else ():
            if isinstance(op, dict) and op.get("cmd") and not op.get("main"):
                cmd = op["cmd"]
                op["main"] = shlex.join(map(str, cmd)) if isinstance(cmd, list) else cmd
                self.changes.add("2018: cmd is main")
        extra = item.get("extra")
        if typed and isinstance(extra, dict) and extra.pop("dvc-stages-import", None):
            self.changes.add("DvC's stages are not imported")


@contextlib.contextmanager
def mended(guildfile):
    from guild import op_dep, util

    yaml, resource_def = guildfile.yaml, op_dep.resource_def
    guildfile.yaml = Mended(yaml)

    def later(depdef, flags):
        try:
            return resource_def(depdef, flags)
        except util.UndefinedReferenceError as e:
            guildfile.yaml.changes.add("a resource that a flag names is looked up by the run")
            raise op_dep.OpDependencyError(str(e)) from e

    op_dep.resource_def = later
    try:
        yield guildfile.yaml.changes
    finally:
        guildfile.yaml, op_dep.resource_def = yaml, resource_def


# --- what a file says --------------------------------------------------------------------------


def text(value):
    """As a C string of ours: what is text by its place is stripped text."""
    if value is None or isinstance(value, (dict, list)):
        return value
    return str(value).strip()


def texts(values):
    return [text(v) for v in (values if isinstance(values, list) else [values])]


def flag(f):
    return {
        "default": f.default,
        "description": text(f.description or ""),
        "type": f.type if f.type != "auto" else None,
        "required": f.required,
        "alias": text(f.alias),
        "choices": [choice.value for choice in f.choices],
        "allow-other": bool(f.allow_other),
        "arg-name": text(f.arg_name),
        "arg-skip": f.arg_skip,
        "arg-switch": f.arg_switch,
        "arg-split": f.arg_split,
        "arg-encoding": f.arg_encoding,
        "min": f.min,
        "max": f.max,
        "env-name": text(f.env_name),
        "null-label": text(f.null_label),
    }


def source(s):
    return {
        "uri": s.uri,
        "name": text(s.resolving_name),
        "sha256": text(s.sha256),
        "post-process": text(s.post_process),
        "target-path": text(s.target_path),
        "unpack": bool(s.unpack),
        "select": texts([spec.pattern for spec in s.select]),
        "renames": len(s.rename or []),
    }


def resource(res):
    return {
        "name": res.resolving_name,
        "description": text(res.description or ""),
        "target-path": text(res.target_path),
        "sources": [source(s) for s in res.sources],
    }


def operation(op):
    requires = [d.spec or resource(d.inline_resource) for d in op.dependencies]
    return {
        "description": text(op.description),
        "main": text(op.main),
        "exec": text(op.exec_),
        "steps": op.steps,
        "env": op.env,
        "label": text(op.label),
        "tags": texts(op.tags),
        "flags": {str(f.name): flag(f) for f in op.flags},
        "requires": requires,
        "passed-on": {key: getattr(op, key.replace("-", "_")) or None for key in PASSED_ON},
    }


def model(m):
    default = m.default_operation
    return {
        "name": m.name,
        "description": text(m.description),
        "references": texts(m.references),
        "default": default.name if default else None,
        "operations": {op.name: operation(op) for op in m.operations},
        "resources": {str(res.name): resource(res) for res in m.resources},
    }


def load(guildfile, path):
    try:
        loaded = guildfile.for_file(path, no_cache=True)
    except guildfile.GuildfileError as e:
        return {"error": str(e)}
    except Exception as e:  # what Guild AI does not catch either
        return {"error": f"{type(e).__name__}: {e}"}
    default = loaded.default_model
    return {
        "default": default.name if default else None,
        "models": [model(m) for m in loaded.models.values()],
    }


def main():
    from guild import guildfile
    from guild.plugins import flags_import_util

    logging.getLogger("guild").setLevel(logging.CRITICAL + 1)
    flags_import_util.apply_flags = lambda *_args, **_kw: None
    own_path = list(sys.path)
    out = sys.stdout
    for line in sys.stdin:
        path, dirs, *mend = line.rstrip("\n").split("\t")
        sys.path[:] = [*dirs.split(":"), *own_path]
        guildfile._cache.clear()  # files of one name may differ between revisions
        with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
            with mended(guildfile) if mend else contextlib.nullcontext(()) as changes:
                answer = load(guildfile, path)
                answer["mended"] = sorted(changes)
        print(json.dumps(answer, default=str), file=out)


if __name__ == "__main__":
    main()
