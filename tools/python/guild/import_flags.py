# SPDX-License-Identifier: MIT
"""Tells the flags of a main module: python -um guild.import_flags MODULE DEST [ARG]...

It runs in the project's directory. MODULE is the first word of `main`, the ARGs are the others.
DEST is a flags-dest, or '' to find out. The answer is one line of JSON for the file descriptor in
GUILD_IMPORT_FD, or standard output:

  {"dest": "args", "flags": {NAME: {ATTRIBUTE: VALUE}}, "files": [PATH], "warnings": [TEXT]}
  {"error": TEXT, "path": PATH}

`files` are those whose change makes the answer out of date. What the module prints goes to
standard error. A module that parses arguments is run up to there; others are only read.
"""

import ast
import json
import math
import os
import re
import sys
import threading
import traceback

from guild import find_main

USAGE = "usage: python -um guild.import_flags MODULE DEST [ARG]..."
# How long a program may go on that has parsed some of its arguments, and might parse others.
GRACE_SECONDS = 5

CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class CannotImport(Exception):
    """Why there are no flags; `path` is the file to blame."""

    def __init__(self, message, path=None):
        super().__init__(message)
        self.path = path


class Answer:
    """Collects the flags of a module, and writes them when the module has come far enough."""

    def __init__(self, out, dest):
        self.out = out
        self.dest = dest
        self.path = None
        self.flags = {}
        self.warnings = []
        self.is_known = False
        self.lock = threading.Lock()

    def set_flags(self, flags):
        self.flags = flags
        self.is_known = True

    def warn(self, text):
        if text not in self.warnings:
            self.warnings.append(text)

    def plain(self, value, name):
        """A value as JSON has it."""
        try:
            json.dumps(value)
            return value
        except (TypeError, ValueError):
            text = repr(value)
        if not isinstance(value, os.PathLike):
            self.warn(f"cannot serialize value {text} for flag {name} - coercing to string")
        return str(value)

    def finish(self):
        """Writes the answer and ends the process: the program must not go on."""
        directory = os.path.dirname(self.path)
        for attrs in self.flags.values():
            make_path_absolute(attrs, directory)
        answer = {"dest": self.dest, "flags": self.flags, "files": files_of(self.path)}
        if self.warnings:
            answer["warnings"] = self.warnings
        self.write(answer)

    def fail(self, message, path=None):
        answer = {"error": message}
        if path:
            answer["path"] = path
        self.write(answer)

    def write(self, answer):
        # Only one of two threads may answer; the other one waits for the end.
        self.lock.acquire()
        data = encode(answer)
        while data:
            data = data[os.write(self.out, data) :]
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass
        os._exit(0)


# --- the answer -----------------------------------------------------------------------------


def encode(answer):
    text = json.dumps(without_infinity(answer), ensure_ascii=False)
    # The reader is a YAML reader, to which some characters are line breaks or not allowed.
    text = CONTROLS.sub(lambda m: f"\\u{ord(m.group()):04x}", text)
    return text.encode("utf-8", "replace") + b"\n"


def without_infinity(value):
    """The value without numbers that JSON lacks, and without attributes that are None."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if isinstance(value, dict):
        return {str(k): without_infinity(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [without_infinity(item) for item in value]
    return value


def make_path_absolute(attrs, directory):
    """A default that names a file next to the module is to name it in a run, too."""
    default = attrs.get("default")
    if isinstance(default, str) and os.sep in default:
        path = os.path.join(directory, default)
        if os.path.exists(path):
            attrs["default"] = path


def files_of(path):
    """The module's file, and the files of the project that it has imported."""
    root = os.path.join(os.getcwd(), "")
    here = os.path.dirname(os.path.abspath(__file__))
    files = {os.path.abspath(path)}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py"):
            continue
        file = os.path.abspath(file)
        is_installed = "site-packages" in file or os.path.dirname(file) == here
        if file.startswith(root) and not is_installed:
            files.add(file)
    return sorted(files)


# --- asking ---------------------------------------------------------------------------------


def import_flags(answer, spec_text, args):
    path, name = find_main.split(spec_text)
    if path is not None:
        sys.path.insert(0, find_main.on_path(path))
    try:
        spec, package = find_main.find(name)
    except ImportError as e:
        text = str(e) if ".__main__" in str(e) else f"No module named {spec_text}"
        raise CannotImport(text) from e
    answer.path = os.path.abspath(spec.origin)
    tree = parse(spec)
    answer.dest = answer.dest or detect(tree)
    if answer.dest == "args":
        from guild import import_argparse

        import_argparse.patch(answer)
        run(answer, spec, package, args)
    elif answer.dest == "args:click":
        run_click(answer, spec, package, args)
    else:
        from guild import import_globals

        answer.set_flags(import_globals.flags_of(tree, answer.dest))


def parse(spec):
    shown = os.path.relpath(spec.origin)
    try:
        source = find_main.source_of(spec)
        if source is None:
            raise CannotImport("it has no source code", shown)
        return ast.parse(source, spec.origin)
    except SyntaxError as e:
        raise CannotImport(syntax_message(e), os.path.join(".", shown)) from e
    except (OSError, ValueError, RecursionError) as e:
        raise CannotImport(str(e), shown) from e


def syntax_message(e):
    line = (e.text or "").rstrip()
    pointer = " " * ((e.offset or 1) - 1) + "^"
    return f"invalid syntax on line {e.lineno}\n  {line}\n  {pointer}"


def detect(tree):
    names = imported_names(tree)
    if "argparse" in names:
        return "args"
    return "args:click" if "click" in names else "globals"


def imported_names(tree):
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def run_click(answer, spec, package, args):
    try:
        from guild import import_click
    except ImportError as e:
        raise CannotImport(f"{type(e).__name__}: {e}") from e
    import_click.patch(answer, args)
    run(answer, spec, package, args)


def run(answer, spec, package, args):
    """Runs the module up to where its arguments are parsed; there the patches end the process."""
    sys.argv[:] = [spec.origin] + args + ["--help"]
    try:
        code = find_main.code_of(spec)
        exec(code, find_main.new_main(spec, package).__dict__)
    except SystemExit as e:
        if not answer.is_known and e.code not in (None, 0):
            text = e.code if isinstance(e.code, str) else f"it exits with {e.code}"
            raise CannotImport(text, os.path.relpath(spec.origin)) from e
    except BaseException as e:
        if not answer.is_known:
            traceback.print_exc()
            text = traceback.format_exception_only(type(e), e)[-1].strip()
            raise CannotImport(text + more(), os.path.relpath(spec.origin)) from e


def more():
    level = os.environ.get("LOG_LEVEL", "")
    is_debug = level.isdigit() and int(level) <= 10
    return "" if is_debug else " (run with guild --debug for details)"


# --- the process ----------------------------------------------------------------------------


def take_output():
    """The descriptor for the answer. Whatever else is written goes to standard error."""
    given = os.environ.pop("GUILD_IMPORT_FD", "")
    out = os.dup(int(given) if given.isdigit() else 1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return out


def main(argv):
    if len(argv) < 2:
        sys.exit(USAGE)
    answer = Answer(take_output(), argv[1])
    try:
        import_flags(answer, argv[0], argv[2:])
    except CannotImport as e:
        answer.fail(str(e), e.path)
    answer.finish()


if __name__ == "__main__":
    main(sys.argv[1:])
