"""What this platform adds to `pio test`: the runner in `runner.py`. It runs in PlatformIO's process.

`platform.py` loads this package by its path, for the test_custom_runner.py that `pio run -t test-runner` writes.
"""
