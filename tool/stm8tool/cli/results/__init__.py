"""The results of the commands: what `--json` prints as an object, and `show` as text.

Each is a NamedTuple. The names of its fields are those of the library. A command imports its result when it runs, so
that the start of the tool stays short. docs/machine-interface.md says which changes are allowed.
"""
