"""The result of `schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..console import Console

FILE = Path(__file__).with_name("schema.json")


class SchemaResult(NamedTuple):
    """The result of `schema`.

    Attributes:
        schema: The JSON Schema of the objects on stdout; `$defs/event` in it is that of the lines on stderr.
    """

    schema: Mapping[str, Any]

    def show(self, console: Console) -> None:
        """Print it."""
        console.say(text(self.schema).rstrip("\n"))


def load() -> dict[str, Any]:
    """Return the schema of this version."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="ascii"))
    return found


def text(schema: Mapping[str, Any]) -> str:
    """Return the text of the file for a schema."""
    return json.dumps(schema, indent=1) + "\n"
