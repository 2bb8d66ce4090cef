"""The builder of this platform. `builder/main.py` and `builder/frameworks/` are the SCons scripts that import it."""
