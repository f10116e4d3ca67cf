# SPDX-License-Identifier: MIT
"""Reads flags from the assignments of a module, by its syntax tree: the module does not run."""

import ast
import shlex
import types

from guild import flow_yaml
from guild import import_flags


class NotLiteral(Exception):
    """The expression is not one whose value is known without running it."""


def flags_of(tree, dest):
    kind, _, name = dest.partition(":")
    if dest == "globals":
        values = assignments(tree)
    elif kind in ("global", "dict", "namespace") and name:
        values = flat(entries(tree, name))
    else:
        return {}
    return {
        name: attributes(value)
        for name, value in values.items()
        if not name.startswith("_") and not is_map(value)
    }


def assignments(tree):
    """The first literal that each name has at the left margin."""
    values = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and node.col_offset == 0:
            try:
                value = literal(node.value)
            except NotLiteral:
                continue
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, value)
    return values


def entries(tree, name):
    """The entries of the dict or SimpleNamespace of that name."""
    value = types.SimpleNamespace(**assignments(tree))
    for part in name.split("."):
        value = as_dict(value).get(part) if is_map(value) else None
    if is_map(value):
        return as_dict(value)
    raise import_flags.CannotImport(
        f"param '{name}' must be a dict or SimpleNamespace (got {type(value).__name__})"
    )


def is_map(value):
    return isinstance(value, (dict, types.SimpleNamespace))


def as_dict(value):
    return value if isinstance(value, dict) else vars(value)


def flat(values, prefix=""):
    """{"a": {"b": 1}} as {"a.b": 1}."""
    ret = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if is_map(value):
            ret.update(flat(as_dict(value), name + "."))
        else:
            ret[name] = value
    return ret


def literal(node):
    if isinstance(node, ast.List):
        return [literal(item) for item in node.elts]
    if isinstance(node, ast.Dict) and None not in node.keys:
        return literal_dict(node)
    if isinstance(node, ast.Call) and is_namespace(node):
        return types.SimpleNamespace(**{kw.arg: literal(kw.value) for kw in node.keywords})
    if isinstance(node, ast.UnaryOp):
        return signed(node)
    # Of the other nodes only constants are taken; what they are called depends on the version.
    is_constant = not isinstance(node, (ast.Tuple, ast.Set, ast.Dict, ast.BinOp, ast.Call))
    try:
        value = ast.literal_eval(node) if is_constant else ...
    except (ValueError, TypeError, SyntaxError, RecursionError) as e:
        raise NotLiteral from e
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise NotLiteral
    return value


def literal_dict(node):
    try:
        return {literal(key): literal(value) for key, value in zip(node.keys, node.values)}
    except TypeError as e:
        raise NotLiteral from e


def is_namespace(node):
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
    named = all(kw.arg is not None for kw in node.keywords)
    return name.endswith("SimpleNamespace") and named and not node.args


def signed(node):
    value = literal(node.operand)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise NotLiteral
    if isinstance(node.op, ast.USub):
        return -value
    if isinstance(node.op, ast.UAdd):
        return value
    raise NotLiteral


def attributes(value):
    attrs = {}
    if isinstance(value, list):
        attrs["default"] = " ".join(shlex.quote(list_item(item)) for item in value)
        attrs["arg-split"] = True
    elif value is not None:
        attrs["default"] = value
        attrs["type"] = type_name(value)
    return attrs


def list_item(value):
    return flow_yaml.dump(flat(as_dict(value)) if isinstance(value, types.SimpleNamespace) else value)


def type_name(value):
    if isinstance(value, str):
        return "string"
    return "boolean" if isinstance(value, bool) else "number"
