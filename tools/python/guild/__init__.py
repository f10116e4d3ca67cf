# SPDX-License-Identifier: MIT
"""Stands in for Guild AI inside an operation's process: only what runs the operation is here.

Where Guild AI itself is installed too, its modules stay reachable behind this one.
"""

import pkgutil

__path__ = pkgutil.extend_path(__path__, __name__)
