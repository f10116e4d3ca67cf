# SPDX-License-Identifier: MIT
"""A Python prompt with a few functions that ask `guild api`: python shell.py GUILD

GUILD is the program. It is started where the prompt was, and reads the same Guild home.
"""

import code
import json
import subprocess
import sys

BANNER = f"""Python {sys.version.split()[0]} of runs here ({sys.executable})
    runs(ARG...)     runs as dictionaries, newest first; an ARG is one of 'guild api runs'
    compare(ARG...)  a dictionary for each run, by columns; an ARG is one of 'guild api compare'
    ops()            operations of the project as dictionaries
For example: runs("-Fo", "train", "--completed")[0]["flags"]"""


class GuildError(Exception):
    """What guild said."""


class Guild:
    def __init__(self, program):
        self.program = program

    def ask(self, *args):
        words = [self.program, "api"] + [str(arg) for arg in args]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        said = done.stderr.strip()
        if done.returncode:
            raise GuildError(said or f"guild ended with {done.returncode}")
        if said:
            print(said, file=sys.stderr)
        return json.loads(done.stdout)

    def runs(self, *args):
        """Runs as dictionaries, newest first: runs(1), runs("-Fo", "train")."""
        return self.ask("runs", *args)

    def compare(self, *args):
        """A dictionary for each run, whose keys are the columns of `guild compare`."""
        table = self.ask("compare", *args)
        return [dict(zip(table[0], row)) for row in table[1:]]

    def ops(self):
        """Operations of the project as dictionaries."""
        return self.ask("ops")


def complete_from(names):
    """Tab and the history of python itself, where it has them."""
    hook = getattr(sys, "__interactivehook__", None)
    if hook is None:
        return
    try:
        hook()
        import readline
        import rlcompleter

        readline.set_completer(rlcompleter.Completer(names).complete)
    except ImportError:
        pass


def main(program):
    guild = Guild(program)
    names = {
        "__name__": "__main__",
        "GuildError": GuildError,
        "runs": guild.runs,
        "compare": guild.compare,
        "ops": guild.ops,
    }
    # Modules of the current directory, as at python's own prompt, and not of this one's.
    sys.path[0] = ""
    sys.argv[:] = [""]
    if sys.stdin.isatty():
        complete_from(names)
    code.interact(BANNER, local=names, exitmsg="")


if __name__ == "__main__":
    main(sys.argv[1])
