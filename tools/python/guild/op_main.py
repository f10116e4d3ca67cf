# SPDX-License-Identifier: MIT
"""Runs the Python module of an operation: python -um guild.op_main MODULE [ARG]... -- [FLAG]...

MODULE is `mod`, `pkg.mod`, or `dir/mod` with a directory that goes on the path. FLAGS_DEST says
where the flags go: to the command line (args), or to globals of the module before it runs.
"""

import ast
import importlib.util
import os
import sys
import types

USAGE = "usage: python -um guild.op_main MODULE [ARG]... [--] [--NAME VALUE]..."


def main(argv):
    if not argv:
        sys.exit(USAGE)
    spec, args, flag_args = split_args(argv)
    path, name = split_module(spec)
    prepare_path(path)
    try:
        run(name, args, flag_args, os.environ.get("FLAGS_DEST") or "args")
    except KeyboardInterrupt:
        if os.environ.get("HANDLE_KEYBOARD_INTERRUPT"):
            sys.exit(1)
        raise


def split_args(argv):
    """The module, the arguments before the last --, and the flags behind it."""
    rest = argv[1:]
    if "--" not in rest:
        return argv[0], [], rest
    at = len(rest) - 1 - rest[::-1].index("--")
    return argv[0], rest[:at], rest[at + 1 :]


def split_module(spec):
    path, _, name = spec.rpartition("/")
    return path, name


def prepare_path(path):
    # python -m puts the current directory first, whose names must not hide the standard
    # library's; the run's source code is on PYTHONPATH.
    if sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]
    if path:
        sys.path.insert(0, os.path.abspath(path))


def find(name):
    """The module's file and the package it is part of."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as e:
        sys.exit(f"guild: No module named {e.name}")
    except ValueError:
        spec = None
    if spec is None:
        sys.exit(f"guild: No module named {name}")
    if spec.submodule_search_locations is not None:
        inner = importlib.util.find_spec(name + ".__main__")
        if inner is None:
            sys.exit(f"guild: {name} is a package without a __main__ module: cannot be run")
        return inner, name
    return spec, name.rpartition(".")[0]


def run(name, args, flag_args, dest):
    spec, package = find(name)
    flags = {}
    if dest in ("args", "args:click"):
        args = args + flag_args
    else:
        flags = flags_for(dest, parse_flags(flag_args))
    sys.argv = [spec.origin] + args
    execute(spec, package, flags)


def parse_flags(words):
    """--NAME VALUE pairs; a value is flow YAML, and a name without one is a switch that is on."""
    flags = {}
    at = 0
    while at < len(words):
        if not words[at].startswith("--"):
            sys.exit(f"guild: unexpected flag argument {words[at]!r}")
        name = words[at][2:]
        if at + 1 < len(words) and not words[at + 1].startswith("--"):
            flags[name] = decode(words[at + 1])
            at += 2
        else:
            flags[name] = True
            at += 1
    return flags


def decode(text):
    """What guildfs writes for a flag: true, 0.001, 'a string', [1, 2], {a: 1}, plain words."""
    words = {"true": True, "false": False, "null": None, ".nan": float("nan")}
    words.update({".inf": float("inf"), "-.inf": float("-inf")})
    if text in words:
        return words[text]
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    for parse in (int, float):
        if "_" not in text and text.lower().lstrip("+-") not in ("inf", "infinity", "nan"):
            try:
                return parse(text)
            except ValueError:
                pass
    if text[:1] in ('"', "[", "{"):
        return decode_json(text)
    return text


def decode_json(text):
    import json

    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        import yaml

        return yaml.safe_load(text)
    except ImportError:
        return text


def flags_for(dest, flags):
    """Names to set in the module before it runs."""
    kind, _, name = dest.partition(":")
    if kind == "globals":
        return {key.replace("-", "_"): value for key, value in flags.items()}
    if kind in ("global", "dict"):
        return nested(name, flags)
    if kind == "namespace":
        return nested(name, types.SimpleNamespace(**{k.replace("-", "_"): v for k, v in flags.items()}))
    return {}


def nested(name, value):
    first, *rest = name.split(".")
    for part in reversed(rest):
        value = {part: value}
    return {first: value}


class DropAssignments(ast.NodeTransformer):
    """Takes out the first top-level assignment of each name that is set from outside."""

    def __init__(self, names):
        self.names = set(names)

    def visit_Module(self, node):
        node.body = [self.kept(statement) for statement in node.body]
        return node

    def kept(self, node):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        names = [t.id for t in targets if isinstance(t, ast.Name)]
        if len(names) != len(targets) or not names or not set(names) <= self.names:
            return node
        self.names -= set(names)
        return ast.copy_location(ast.Pass(), node)


def execute(spec, package, flags):
    # As `python -m` would: __main__ is the module, so that pickles and guards work.
    module = types.ModuleType("__main__")
    module.__file__ = spec.origin
    module.__package__ = package
    module.__spec__ = spec
    module.__loader__ = spec.loader
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    if spec.origin is None or not hasattr(spec.loader, "get_source"):
        sys.exit(f"guild: {spec.name} has no source code to run")
    source = spec.loader.get_source(spec.name)
    if source is None:
        code = spec.loader.get_code(spec.name)
    else:
        tree = ast.parse(source, spec.origin)
        if flags:
            tree = DropAssignments(flags).visit(tree)
        code = compile(tree, spec.origin, "exec", dont_inherit=True)
    module.__dict__.update(flags)
    exec(code, module.__dict__)


if __name__ == "__main__":
    main(sys.argv[1:])
