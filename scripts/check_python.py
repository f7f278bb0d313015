"""Says in one line when Python is too old. Only here is it so plain that Python 2.7 and 3.4 read it too."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells the owner of an older Python
    have = ".".join(str(part) for part in sys.version_info[:3])
    sys.stderr.write(
        "setup: Python " + have + " is too old: install Python 3.11 or newer, then `make setup PYTHON=python3.11`.\n"
    )
    sys.exit(5)
