# SPDX-License-Identifier: MIT
"""Tells whether a module can be imported: python -um guild.check_module NAME

It exits with 0 if so; else it says what is missing, and exits with 1.
"""

import importlib
import os
import sys


def main(argv):
    if len(argv) != 1:
        sys.exit("usage: python -um guild.check_module NAME")
    message = problem(argv[0])
    if message:
        sys.exit(message)


def problem(name):
    """Why the module cannot be imported; None if it can be."""
    # The answer is all that may be read, whatever the module prints.
    kept = os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        importlib.import_module(name)
        return None
    except ImportError as e:
        return str(e)
    except (Exception, SystemExit) as e:
        return f"{type(e).__name__}: {e}"
    finally:
        sys.stdout.flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)


if __name__ == "__main__":
    main(sys.argv[1:])
