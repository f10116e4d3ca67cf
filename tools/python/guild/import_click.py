# SPDX-License-Identifier: MIT
"""Reads flags from the click command of a program that is being run for that.

Only imported for programs that use click, which has to be there for them anyway.
"""

import enum

import click

TYPES = (
    (click.types.BoolParamType, "boolean"),
    (click.types.IntParamType, "int"),
    (click.types.FloatParamType, "float"),
    (click.types.StringParamType, "string"),
)


def patch(answer, args):
    """Makes the first command that is called tell its flags to `answer` and end the process."""

    def called(command, *_args, **_kwargs):
        answer.set_flags(flags_of(sub_command(command, args), answer))
        answer.finish()

    base = getattr(click.core, "BaseCommand", click.Command) if is_old() else click.Command
    for name in ("__call__", "main"):
        setattr(base, name, called)


def is_old():
    """Of a version whose commands get these methods from a class above click.Command."""
    return "main" not in click.Command.__dict__


def sub_command(command, args):
    """The command that the base arguments select; their options and values select none."""
    for word in args:
        found = child(command, word)
        if found is not None:
            command = found
    return command


def child(command, name):
    known = getattr(command, "commands", {})
    if name in known:
        return known[name]
    if not hasattr(command, "get_command"):
        return None
    # Groups may look commands up when they are asked for them.
    try:
        return command.get_command(click.Context(command), name)
    except Exception:
        return None


def flags_of(command, answer):
    flags = {}
    for param in command.params:
        name = long_name(param)
        if name and is_flag_option(param):
            flags[name] = attributes(param, name, answer)
    return flags


def long_name(param):
    for option in param.opts:
        if option.startswith("--"):
            return option[2:]
    return None


def is_flag_option(param):
    # --version and its like print something and exit; a count is given by repeating it.
    if not isinstance(param, click.Option) or getattr(param, "count", False):
        return False
    return param.expose_value or not param.is_eager


def attributes(param, name, answer):
    attrs = {"description": param.help or None}
    default = default_of(param)
    if isinstance(param.type, click.Choice):
        attrs["choices"] = [choice(value) for value in param.type.choices]
        default = choice(default)
    if param.required:
        attrs["required"] = True
    for kind, type_name in TYPES:
        if isinstance(param.type, kind):
            attrs["type"] = type_name
            break
    if param.is_flag:
        set_switch(param, default, attrs)
    elif param.nargs > 1:
        from guild import import_argparse

        attrs["arg-split"] = True
        if isinstance(default, (list, tuple)):
            default = import_argparse.joined(default)
    if default is not None:
        attrs["default"] = answer.plain(default, name)
    return attrs


def choice(value):
    return value.name if isinstance(value, enum.Enum) else value


def default_of(param):
    default = param.default
    # What is known only at run time is none, and neither is the mark of newer versions for none.
    if callable(default) or type(default).__name__ == "Sentinel":
        default = None
    if getattr(param, "multiple", False) and not default:
        return None
    is_bool = isinstance(param.type, click.types.BoolParamType)
    return False if param.is_flag and is_bool and default is None else default


def set_switch(param, default, attrs):
    attrs["arg-switch"] = not default
    off = [option[2:] for option in param.secondary_opts if option.startswith("--")]
    if default and off:
        attrs["arg-name"] = off[0]
