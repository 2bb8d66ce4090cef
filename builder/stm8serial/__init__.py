"""What this platform adds to pyserial in PlatformIO's process: the port swim://, see `protocol_swim.py`.

`platform.py` loads this package by its path, and tells pyserial of it.
"""

environment = ""  # the one that PlatformIO prepared last, as `platform.py` says: `pio test` takes one after the other
