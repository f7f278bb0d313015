"""`python -m sandbox.standin`: the program itself."""

from __future__ import annotations

import signal
import sys

from sandbox.standin.cli import main

if __name__ == "__main__":
    # Signals end the program on the spot, as they end the original.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))
