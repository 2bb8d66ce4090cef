"""What holds for every test."""

from __future__ import annotations

import signal

# Started in the background or by nohup, a process inherits these as ignored, and so would all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
