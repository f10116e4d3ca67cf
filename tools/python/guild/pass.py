# SPDX-License-Identifier: MIT
"""A main module that does nothing but print its arguments, for `main: guild.pass`."""

import shlex
import sys

if __name__ == "__main__" and len(sys.argv) > 1:
    print(*map(shlex.quote, sys.argv[1:]))
