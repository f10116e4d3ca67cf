# SPDX-License-Identifier: MIT
"""Runs the Python module of an operation: python -um guild.op_main MODULE [ARG]... -- [FLAG]...

MODULE is `mod`, `pkg.mod`, or `dir/mod` with a directory that goes on the path. FLAGS_DEST says
where the flags go: to the command line (args, args:click), or to globals of the module before it
runs (globals, global:NAME, dict:NAME, namespace:NAME). With any other they go nowhere.
"""

import ast
import os
import signal
import sys
import traceback
import types

from guild import find_main
from guild import flow_yaml

USAGE = "usage: python -um guild.op_main MODULE [ARG]... [--] [--NAME VALUE]..."


def main(argv):
    if not argv:
        sys.exit(USAGE)
    words, flag_words = split_args(argv[1:])
    dest = os.environ.get("FLAGS_DEST") or "args"
    prepare_path()
    quiet_warnings()
    path, name = find_main.split(argv[0])
    if path is not None:
        sys.path.insert(1, find_main.on_path(path))
    try:
        spec, package = find_main.find(name)
    except ImportError as e:
        sys.exit(f"guild: {e}")
    args, flags = args_and_flags(dest, words, flag_words)
    sys.argv[:] = [spec.origin] + args
    execute(spec, package, flags, dest)


def split_args(words):
    """The arguments before the last --, and the flags behind it."""
    if "--" not in words:
        return [], words
    at = len(words) - 1 - words[::-1].index("--")
    return words[:at], words[at + 1 :]


def prepare_path():
    # python -m puts the current directory first, whose names must not hide the standard
    # library's; the run's source code is on PYTHONPATH.
    if os.environ.get("SCRIPT_DIR"):
        sys.path[0] = os.environ["SCRIPT_DIR"]
    elif os.environ.get("NO_SYS_PATH_MODIFY") == "1" or getattr(sys.flags, "safe_path", False):
        return
    elif sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]


def is_debug():
    level = os.environ.get("LOG_LEVEL", "")
    return level.isdigit() and int(level) <= 10


def quiet_warnings():
    # Guild AI shows none in the output of a run, except for debugging.
    if not is_debug() and not sys.warnoptions:
        import warnings

        warnings.simplefilter("ignore")


# --- flags ----------------------------------------------------------------------------------


def args_and_flags(dest, words, flag_words):
    """The module's arguments, and the names to set in it."""
    kind, _, name = dest.partition(":")
    if kind == "args":
        return words + flag_words, {}
    if dest != "globals" and not (kind in ("global", "dict", "namespace") and name):
        return words, {}
    flags, others = parse_flags(flag_words)
    if kind == "globals":
        values = {as_name(key): value for key, value in flags.items()}
    else:
        values = nested(name, nested_flags(flags))
    if kind == "namespace":
        values = {key: as_namespace(value) for key, value in values.items()}
    return words + others, values


def parse_flags(words):
    """--NAME VALUE pairs, and the words that are before any.

    A value is flow YAML, a name without one is a switch that is on, a name with several has a list.
    """
    flags, others, name = {}, [], None
    for word in words:
        value = None
        is_bare = name is not None and name not in flags
        if word.startswith("--"):
            turn_on(flags, name)
            name = word[2:]
        elif is_short_option(word) and not is_bare:
            name, value = word[1], word[2:]
            if value:
                add_value(flags, name, value)
        elif name is None:
            others.append(word)
        else:
            add_value(flags, name, decode(word))
    turn_on(flags, name)
    return flags, others


def is_short_option(word):
    return len(word) > 1 and word[0] == "-" and not isinstance(decode(word), (int, float))


def turn_on(flags, name):
    if name is not None:
        flags.setdefault(name, True)


def add_value(flags, name, value):
    if name not in flags:
        flags[name] = value
    elif isinstance(flags[name], list):
        flags[name].append(value)
    else:
        flags[name] = [flags[name], value]


def decode(text):
    try:
        return flow_yaml.load(text)
    except flow_yaml.FlowError:
        return text


def as_name(text):
    return text.replace("-", "_")


def nested_flags(flags):
    """{"a.b": 1} as {"a": {"b": 1}}."""
    top = {}
    for name, value in flags.items():
        level = top
        *parents, last = name.split(".")
        for parent in parents:
            if not isinstance(level.get(parent, {}), dict):
                sys.exit(f"guild: flag {name} cannot be nested: {parent} has a value of its own")
            level = level.setdefault(parent, {})
        level[last] = value
    return top


def nested(name, value):
    first, *rest = name.split(".")
    for part in reversed(rest):
        value = {part: value}
    return {first: value}


def as_namespace(value):
    if not isinstance(value, dict):
        return value
    return types.SimpleNamespace(
        **{as_name(str(key)): as_namespace(item) for key, item in value.items()}
    )


class DropAssignments:
    """Takes out the first assignment of each name that is set from outside.

    It looks at statements of the module, and of `if` blocks among them.
    """

    def __init__(self, names):
        self.names = set(names)

    def __call__(self, tree):
        self.change_block(tree)
        return tree

    def change_block(self, node):
        node.body = [self.changed(statement) for statement in node.body]

    def changed(self, node):
        if isinstance(node, ast.If):
            self.change_block(node)
        elif isinstance(node, ast.Assign):
            node.targets = [target for target in node.targets if not self.takes(target)]
            if not node.targets:
                return ast.copy_location(ast.Pass(), node)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            if self.takes(node.target):
                # The annotation stays.
                node.value = None
        return node

    def takes(self, target):
        if not isinstance(target, ast.Name) or target.id not in self.names:
            return False
        self.names.discard(target.id)
        return True


# --- running --------------------------------------------------------------------------------


def execute(spec, package, flags, dest):
    try:
        code = find_main.code_of(spec, DropAssignments(flags) if flags else None)
    except ImportError as e:
        sys.exit(f"guild: {e}")
    module = find_main.new_main(spec, package)
    if dest == "args:click" and not package:
        # click names the program after the package, and users know it as guild.MODULE.
        module.__package__ = __package__
    module.__dict__.update(flags)
    breaks = os.environ.get("PDB_BREAKS")
    if breaks:
        debugger(breaks, spec.origin).run(code, module.__dict__)
    else:
        exec(code, module.__dict__)


def debugger(breaks, path):
    """A debugger that stops only at the given places: LINE, FILE:LINE or FUNCTION."""
    import pdb
    import shlex

    ret = pdb.Pdb()
    places = (place_of(text, path) for text in shlex.split(breaks))
    ret.rcLines.extend([f"break {place}" for place in places] + ["continue"])
    return ret


def place_of(text, path):
    file, _, line = text.rpartition(":")
    if not line.isdigit():
        return text
    file = file or path
    return f"{file}:{breakable_line(file, int(line))}"


def breakable_line(path, wanted):
    """The first line at or behind `wanted` with a statement that does something."""
    try:
        with open(path, "rb") as f:
            tree = ast.parse(f.read())
    except (OSError, SyntaxError, ValueError):
        return wanted
    lines = {n.lineno for n in ast.walk(tree) if isinstance(n, ast.stmt) and not is_idle(n)}
    return min((line for line in lines if line >= wanted), default=wanted)


def is_idle(node):
    idle = (ast.Name, ast.Constant, ast.List, ast.Dict, ast.Tuple, ast.Set)
    return isinstance(node, ast.Expr) and isinstance(node.value, idle)


# --- errors ---------------------------------------------------------------------------------


def user_part(trace):
    """A traceback without the frames of this package."""
    here = os.path.dirname(os.path.abspath(__file__))
    while trace and os.path.dirname(os.path.abspath(trace.tb_frame.f_code.co_filename)) == here:
        trace = trace.tb_next
    return trace


def show(error):
    trace = user_part(error.__traceback__)
    if trace and sys.excepthook is not sys.__excepthook__:
        sys.excepthook(type(error), error, trace)
    else:
        traceback.print_exception(type(error), error, trace)
    if os.environ.get("BREAK_ON_ERROR") == "1" and trace:
        import pdb

        sys.stderr.write("Entering post mortem debug session\n")
        pdb.post_mortem(trace)


def die_of_interrupt():
    # As Python ends a program, so that whoever started it sees the signal.
    sys.stdout.flush()
    sys.stderr.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def run_main(argv):
    try:
        main(argv)
    except KeyboardInterrupt as e:
        if os.environ.get("HANDLE_KEYBOARD_INTERRUPT"):
            sys.exit(1)
        show(e)
        return True
    except Exception as e:
        if is_debug():
            raise
        show(e)
        sys.exit(1)
    return False


if __name__ == "__main__" and run_main(sys.argv[1:]):
    import atexit

    # Runs last, behind what the program has registered.
    atexit._run_exitfuncs()
    die_of_interrupt()
