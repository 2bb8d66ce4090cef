"""The fields of each event of `--events`, with their types as Python writes them.

dev/make_schema.py makes the schema of them. A new event needs a row here, and one in docs/machine-interface.md.
"""

from __future__ import annotations

EVENTS: dict[str, dict[str, str]] = {
    "begin": {"format": "int", "version": "str", "command": "Optional[str]"},
    "progress": {"stage": "str", "done": "int", "total": "int"},
    "note": {"message": "str"},
    "warning": {"code": "Optional[str]", "message": "str"},
    "log": {"level": "Literal['info', 'debug']", "logger": "str", "message": "str"},
    "power-cycle": {"left_s": "int"},
    "reset-by-hand": {"left_s": "int"},
    "output": {"text": "str"},
    "sample": {
        "time_s": "float",
        "values": "dict[str, Any]",
        "torn": "list[str]",
        "problems": "dict[str, str]",
    },
    "erased": {"region": "Region", "written": "Written"},
    "option-changes": {"changes": "list[Change]"},
    "serial-number": {"file": "str", "number": "int", "address": "int", "data": "bytes"},
    "error": {},  # those of an error
    "end": {"ok": "bool", "exit_code": "int"},
}
