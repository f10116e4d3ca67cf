# SPDX-License-Identifier: MIT
"""Finds the main module of an operation: `mod`, `pkg.mod`, or `dir/mod`."""

import importlib.machinery
import importlib.util
import os
import sys


def split(spec):
    """The directory, None if there is none, and the module of dir/pkg.mod."""
    path, slash, name = spec.replace(os.sep, "/").rpartition("/")
    return path if slash else None, name


def on_path(path):
    """A relative directory as an entry of sys.path: below the first entry that has it."""
    for entry in sys.path:
        candidate = os.path.join(entry, path)
        if os.path.exists(candidate):
            return os.path.abspath(candidate)
    return os.path.abspath(path)


def find(name):
    """The import spec of the module's file, and the name of the package it runs in."""
    for entry in sys.path:
        found = find_in(entry, name)
        if found:
            return found
    return find_installed(name), name.rpartition(".")[0]


def find_in(entry, name):
    # Parents are not imported, and what is in sys.modules or built in does not count: a project's
    # own queue.py or types.py is the one that is meant.
    package, _, last = name.rpartition(".")
    parents = package.split(".") if package else []
    directory = os.path.join(entry or os.getcwd(), *parents)
    spec = importlib.machinery.PathFinder.find_spec(name, [directory])
    if spec is None:
        return None
    if spec.submodule_search_locations is None:
        return spec, package
    inner = importlib.machinery.PathFinder.find_spec(
        name + ".__main__", [os.path.join(directory, last)]
    )
    if inner is not None:
        return inner, name
    if not spec.has_location:
        # Any directory is a package without a file; it hides no module of the next entry.
        return None
    raise ImportError(
        f"No module named {name}.__main__ ('{name}' is a package and cannot be directly executed)"
    )


def find_installed(name):
    """What is found by hooks only, such as those of editable installs."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        spec = None
    if spec is None or spec.submodule_search_locations is not None:
        raise ImportError(f"No module named {name}")
    return spec


def source_of(spec):
    """The source code, as bytes or text; None if there is only byte code."""
    if spec.origin and os.path.isfile(spec.origin) and spec.origin.endswith(".py"):
        with open(spec.origin, "rb") as f:
            return f.read()
    if hasattr(spec.loader, "get_source"):
        return spec.loader.get_source(spec.name)
    return None


def code_of(spec, change=None):
    """The compiled module, after `change` has been at its syntax tree."""
    import ast

    source = source_of(spec)
    if source is None:
        code = spec.loader.get_code(spec.name) if hasattr(spec.loader, "get_code") else None
        if code is None:
            raise ImportError(f"{spec.name} has no source code to run")
        return code
    tree = ast.parse(source, spec.origin)
    if change:
        tree = ast.fix_missing_locations(change(tree))
    return compile(tree, spec.origin, "exec", dont_inherit=True)


def new_main(spec, package):
    """An empty module that is __main__, as `python -m` would have it."""
    import types

    module = types.ModuleType("__main__")
    module.__file__ = spec.origin
    module.__package__ = package
    module.__spec__ = spec
    module.__loader__ = spec.loader
    module.__builtins__ = __builtins__
    if package:
        importlib.import_module(package)
    sys.modules["__main__"] = module
    return module
