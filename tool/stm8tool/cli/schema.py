"""The command `schema`: the JSON Schema of what `--json` and `--events` write.

dev/make_schema.py makes its file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import NoArguments, PartUse, command

if TYPE_CHECKING:
    from .console import Console
    from .request import Request
    from .results.schema import SchemaResult


def schema(_request: Request[NoArguments], _console: Console) -> SchemaResult:
    from .results.schema import SchemaResult, load

    return SchemaResult(load())


COMMANDS = (
    command(
        "schema",
        "print the JSON Schema of what --json and --events write",
        schema,
        NoArguments,
        part=PartUse.NONE,
        writes=False,
    ),
)
