from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts into the background deaf to Ctrl-C, and children inherit that; tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
