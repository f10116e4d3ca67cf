# SPDX-License-Identifier: MIT
"""Stands in for Guild AI inside an operation's process: only what runs the operation is here.

Where Guild AI itself is installed too, its modules stay reachable behind this one.
"""

import os
import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)


def __getattr__(name):
    """What Guild AI's package says of itself, which its modules ask for."""
    import runpy

    for path in __path__[1:]:
        init = os.path.join(path, "__init__.py")
        if os.path.exists(init):
            for key, value in runpy.run_path(init, run_name=__name__).items():
                globals().setdefault(key, value)
            break
    try:
        return globals()[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
