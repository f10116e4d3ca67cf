# SPDX-License-Identifier: MIT
"""Reads flags from the argparse parsers of a program that is being run for that.

The program runs with --help behind its base arguments, so that parsing takes it to the parser of
the sub command they name: the last parser that starts to parse is the one whose flags count.
"""

import argparse
import shlex
import threading

from guild import flow_yaml
from guild import import_flags

TYPES = {str: "string", float: "float", int: "int", bool: "boolean"}
# By name: programs for older Pythons bring a BooleanOptionalAction of their own.
KINDS = ("_StoreAction", "_StoreTrueAction", "_StoreFalseAction", "BooleanOptionalAction")
MAX_CHOICES = 1000


def patch(answer):
    """Makes parsers tell their flags to `answer` and end the process when the last one has."""
    watch = Watch(answer)
    parser = argparse.ArgumentParser
    for name in ("parse_known_args", "parse_known_intermixed_args"):
        setattr(parser, name, watch.known(getattr(parser, name)))
    parser.parse_args = watch.all(parser.parse_args)
    parser.parse_intermixed_args = watch.all(parser.parse_intermixed_args)
    argparse._HelpAction.__call__ = lambda *args, **kwargs: answer.finish()


class Watch:
    def __init__(self, answer):
        self.answer = answer
        self.depth = 0
        self.timer = None

    def all(self, original):
        def parse_args(parser, args=None, namespace=None):
            try:
                return original(parser, args, namespace)
            finally:
                if self.answer.is_known:
                    self.answer.finish()

        return parse_args

    def known(self, original):
        def parse_known_args(parser, args=None, namespace=None, **kwargs):
            self.answer.set_flags(flags_of(parser, self.answer))
            self.depth += 1
            try:
                ret = original(parser, args, namespace, **kwargs)
            except BaseException:
                self.answer.finish()
                raise
            finally:
                self.depth -= 1
            if self.depth == 0:
                self.after(parser)
            return ret

        return parse_known_args

    def after(self, parser):
        # A parser without --help may be the first of two, of which the second one has all flags.
        if any(isinstance(action, argparse._HelpAction) for action in parser._actions):
            self.answer.finish()
        if self.timer is None:
            self.timer = threading.Timer(import_flags.GRACE_SECONDS, self.answer.finish)
            self.timer.daemon = True
            self.timer.start()


def flags_of(parser, answer):
    flags = {}
    for action in parser._actions:
        name = long_name(action)
        if name and type(action).__name__ in KINDS:
            flags[name] = attributes(action, name, answer)
    return flags


def long_name(action):
    for option in action.option_strings:
        if option.startswith("--"):
            return option[2:]
    return None


def attributes(action, name, answer):
    attrs = {}
    if action.help and action.help != argparse.SUPPRESS:
        attrs["description"] = str(action.help)
    if action.default is not None and action.default != argparse.SUPPRESS:
        attrs["default"] = action.default
    if action.choices:
        attrs["choices"] = choices(action.choices, name, answer)
    if action.required:
        attrs["required"] = True
    if action.type:
        attrs["type"] = type_name(action.type, name, answer)
    set_switch(action, attrs)
    if takes_many(action):
        attrs["arg-split"] = True
        if isinstance(attrs.get("default"), (list, tuple)):
            attrs["default"] = joined(attrs["default"])
    if "default" in attrs:
        attrs["default"] = answer.plain(attrs["default"], name)
    return attrs


def choices(values, name, answer):
    listed = []
    for value in values:
        if len(listed) == MAX_CHOICES:
            return None
        listed.append(answer.plain(value, name))
    return listed


def type_name(kind, name, answer):
    try:
        found = TYPES.get(kind)
    except TypeError:
        found = None
    if found is None:
        answer.warn(f"unsupported flag type {kind} for flag {name} - ignoring type setting")
    return found


def set_switch(action, attrs):
    kind = type(action).__name__
    if kind == "_StoreAction":
        return
    options = [option[2:] for option in action.option_strings if option.startswith("--")]
    if kind != "BooleanOptionalAction":
        attrs["choices"] = [True, False]
        attrs["arg-switch"] = kind == "_StoreTrueAction"
    elif len(options) == 2 and len(action.option_strings) == 2:
        # The option that changes the default is the one to give, and only then.
        attrs["choices"] = [True, False]
        attrs["arg-name"] = options[1] if action.default else options[0]
        attrs["arg-switch"] = not action.default


def takes_many(action):
    return action.nargs in ("+", "*") or (isinstance(action.nargs, int) and action.nargs > 1)


def joined(values):
    """A list as text from which arg-split makes the list again."""
    return " ".join(shlex.quote(list_item(value)) for value in values)


def list_item(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, (str, int, float, list, tuple, dict)):
        return flow_yaml.dump(value)
    return str(value)
