"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("no clock", deadline=None)  # a busy machine makes no test fail
settings.load_profile("no clock")

# Started in the background or by nohup, a process inherits these as ignored, and so would all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
