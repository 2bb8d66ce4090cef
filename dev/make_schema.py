"""Make tool/stm8tool/cli/results/schema.json, the JSON Schema of what `--json` and `--events` write.

`python3 dev.py generate` writes it. The types of the results and of the library are its source: the schema has their
fields, and the words of their docstrings.
"""

from __future__ import annotations

import enum
import inspect
import re
import sys
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any, Literal, Optional, Union

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tool" / "stm8tool"
sys.path.insert(0, str(ROOT / "tool"))

from stm8tool import errors  # noqa: E402
from stm8tool.cli import main  # noqa: E402
from stm8tool.cli.as_json import FORMAT, NAMED, PROPERTIES, field_names  # noqa: E402
from stm8tool.cli.command import Command, Group  # noqa: E402
from stm8tool.cli.results.schema import FILE, text  # noqa: E402

# The fields of each event, with their types as Python writes them; "?" marks those that not every such event has.
# A new event needs a row in docs/machine-interface.md, too.
EVENTS: dict[str, dict[str, str]] = {
    "begin": {"format": "int", "version": "str", "command": "Optional[str]"},
    "progress": {"stage": "str", "done": "int", "total": "int"},
    "note": {"message": "str"},
    "warning": {"code": "Optional[str]", "message": "str"},
    "log": {"level": "Literal['info', 'debug']", "logger": "str", "message": "str"},
    "power-cycle": {"left_s": "int"},
    "reset-by-hand": {"left_s": "int"},
    "output": {"text": "str"},
    "sample": {"time_s": "float", "values": "dict[str, Value]", "torn": "list[str]", "problems": "dict[str, str]"},
    "chip": {
        "socket": "str",
        "result": "Literal['pass', 'fail']",
        **dict.fromkeys(("code", "message", "hint", "probe", "firmware", "probe_serial", "uid"), "Optional[str]"),
        "image_sha256": "list[str]",
        "serial": "Optional[int]",
        "serial_hex": "Optional[str]",
        "blocks": "Optional[dict[str, int]]",
        "block_ms": "Optional[dict[str, float]]",
        "retries": "dict[str, int]",
        "self_test": "Optional[str]",
        "warnings": "list[str]",
        "steps": "dict[str, float]",
        "seconds": "float",
    },
    "erased": {"region": "Region", "written": "Written"},
    "option-changes": {"changes": "list[Change]"},
    "serial-number": {"file": "str", "number": "int", "address": "int", "data": "bytes"},
    "probe": {"probe": "ProbeInfo", "supply_mv": "Optional[int]"},
    "finding": {
        "key": "str",
        "mark": "Mark",
        "text": "str",
        "details": "list[str]",
        "facts": "dict[str, Any]",
        "problem": "Optional[dict[str, Any]]",
    },
    "set": {
        "name": "str",
        "before": "Value",
        "after": "Value",
        "wanted": "str",
        "is_kept": "bool",
        "disturbed": "bool",
    },
    "lost": {"size": "int"},
    "listening": {"host?": "str", "port?": "int", "probe?": "str"},
    "client": {"is_there": "bool"},
    "place": {"place": "str"},
    "command": {"command": "str", "answer": "str"},
    "error": {},  # those of an error
    "end": {"ok": "bool", "exit_code": "int"},
}

_PLAIN = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
}
_HEX = {"type": "string", "pattern": "^([0-9A-F]{2})*$"}
_DEFINITION = re.compile(r"^(?:class )?([A-Z]\w+)(?:[(:]| = (?:Union|Optional|Literal)\[)", re.MULTILINE)
_ANYTHING = (Any, object)
_USUAL = {name: vars(typing)[name] for name in ("Any", "Literal", "NamedTuple", "Optional", "TypedDict", "Union")}
_ABSTRACT = {kind.__name__: kind for kind in (Collection, Iterable, Iterator, Mapping, Sequence)}


class Names(dict[str, Any]):
    """Finds a name of an annotation: a class of the package, wherever it is. No two classes have one name."""

    def __init__(self) -> None:
        super().__init__({**_USUAL, **_ABSTRACT, "Path": Path, "Value": object})  # any value of a program
        self._homes: dict[str, str] = {}
        for path in sorted(PACKAGE.rglob("*.py")):
            module = ".".join(("stm8tool", *path.relative_to(PACKAGE).with_suffix("").parts))
            for name in _DEFINITION.findall(path.read_text(encoding="utf-8")):
                self._homes.setdefault(name, module)

    def __missing__(self, name: str) -> Any:
        """Import the module of a class."""
        if name not in self._homes:
            raise KeyError(name)
        return vars(import_module(self._homes[name]))[name]


class Schemas:
    """Makes schemas of types, and collects those of objects as definitions.

    Attributes:
        definitions: The schema of each type that is an object, by its name.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        self.names = Names()

    def of_text(self, annotation: str) -> dict[str, Any]:
        """Return the schema of a type as Python writes it."""
        return self.of(eval(annotation, {}, self.names))  # the texts stand in this file

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a type."""
        if kind in _ANYTHING:
            return {}
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is Union:
            return self._any_of(arguments)
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin is not None:
            return self._of_container(origin, arguments)
        if kind in _PLAIN:
            return {"type": _PLAIN[kind]}
        if issubclass(kind, (bytes, bytearray)):
            return dict(_HEX)
        if issubclass(kind, enum.Enum):
            return {"enum": [member.value for member in kind]}
        if issubclass(kind, PurePath) or kind.__name__ == NAMED:
            return {"type": "string"}
        return self._of_object(kind)

    def _any_of(self, kinds: Iterable[Any]) -> dict[str, Any]:
        found = [self.of(kind) for kind in kinds]
        if {} in found:
            return {}
        if all(set(one) == {"type"} for one in found):
            return {"type": [one["type"] for one in found]}
        return {"anyOf": found}

    def _of_container(self, origin: Any, arguments: Sequence[Any]) -> dict[str, Any]:
        if issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if origin is tuple and arguments[-1] is not ...:
            return {"type": "array", "prefixItems": [self.of(one) for one in arguments]}
        return {"type": "array", "items": self.of(arguments[0])}

    def _of_object(self, kind: type) -> dict[str, Any]:
        if kind.__name__ not in self.definitions:
            self.definitions[kind.__name__] = {}  # for a type that contains itself
            self.definitions[kind.__name__] = self._object(kind)
        return {"$ref": f"#/$defs/{kind.__name__}"}

    def _object(self, kind: type) -> dict[str, Any]:
        if hasattr(kind, "__total__"):  # a TypedDict
            return self._with_fields(kind, tuple(kind.__annotations__))
        made = vars(kind).get("data")
        if inspect.isfunction(made):  # a result with other data for programs than for text
            return self.of(self._hints(made)["return"])
        names = field_names(kind)
        if not names:
            raise TypeError(f"{kind.__name__} has no form in JSON: make it a NamedTuple, or add it to as_json.py")
        return self._with_fields(kind, names)

    def _with_fields(self, kind: type, names: Sequence[str]) -> dict[str, Any]:
        hints, told = self._hints(kind), described(kind)
        properties = {}
        for name in names:
            is_property = name in PROPERTIES.get(kind.__name__, ())
            hint = self._hints(getattr(kind, name).fget)["return"] if is_property else hints[name]
            text_ = first_line(getattr(kind, name)) if is_property else told.get(name)
            properties[name] = with_words(self.of(hint), text_)
        return with_words({"type": "object", "properties": properties, "required": list(names)}, first_line(kind))

    def _hints(self, of: Any) -> dict[str, Any]:
        return typing.get_type_hints(of, vars(sys.modules[of.__module__]), self.names)

    def error(self) -> dict[str, Any]:
        """Return the schema of an error, with the numbers of every type in errors.py."""
        properties: dict[str, Any] = {
            "type": with_words({"type": ["string", "null"]}, "The class of the error in the library."),
            "code": with_words({"type": "string", "pattern": "^E-[A-Z-]+$"}, "The situation."),
            "exit_code": with_words({"type": "integer"}, "The exit code of the command."),
            "message": with_words({"type": "string"}, "One line."),
            "hint": with_words({"type": ["string", "null"]}, "What to do next."),
            "details": with_words(
                {"type": "array", "items": {"type": "string"}}, "The evidence, one text for each piece."
            ),
        }
        required = list(properties)
        for kind in vars(errors).values():
            if inspect.isclass(kind) and issubclass(kind, errors.ToolError):
                told = described(kind)
                for name in kind.__annotations__:
                    if name not in ("code", "advice", "evidence"):
                        properties.setdefault(name, with_words(self.of(self._hints(kind)[name]), told.get(name)))
        return {"type": "object", "properties": properties, "required": required}

    def event(self, name: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """Return the schema of an event."""
        properties = {field.rstrip("?"): self.of_text(kind) for field, kind in fields.items()}
        made = {
            "type": "object",
            "properties": {"event": {"const": name}, **properties},
            "required": ["event", *(field for field in fields if not field.endswith("?"))],
        }
        return {**made, "$ref": "#/$defs/error"} if name == "error" else made


def first_line(of: Any) -> Optional[str]:
    """Return the first paragraph of a docstring."""
    return " ".join(inspect.cleandoc(of.__doc__ or "").partition("\n\n")[0].split()) or None


def described(kind: type) -> dict[str, str]:
    """Return the words about each field in the docstring of a class."""
    _, _, below = inspect.cleandoc(kind.__doc__ or "").partition("\nAttributes:\n")
    pieces = re.findall(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {5,}.*)*)", below, re.MULTILINE)
    return {name: " ".join(words.split()) for names, words in pieces for name in names.split(", ")}


def with_words(schema: dict[str, Any], words: Optional[str]) -> dict[str, Any]:
    """Return a schema with a description."""
    return {**schema, "description": words} if words else schema


def commands(entries: Iterable[Any] = main.COMMANDS, before: str = "") -> Iterator[tuple[str, Command]]:
    """Yield every command with all words of its name."""
    for entry in entries:
        if isinstance(entry, Group):
            yield from commands(entry.commands, f"{before}{entry.name} ")
        else:
            yield f"{before}{entry.name}", entry


def result_of(command: Command) -> Optional[str]:
    """Return the name of the type of a command's result; None if it has none."""
    found = re.search(r"\w+Result\b", str(command.run.__annotations__["return"]))
    return found[0] if found else None


def schema() -> dict[str, Any]:
    """Return the whole schema."""
    schemas = Schemas()
    results: dict[Optional[str], Optional[str]] = {None: None}
    results.update({name: result_of(command) for name, command in commands()})
    rules = []
    for name, kind in results.items():
        kinds = [schemas.of_text(one) for one in (kind, "UsageResult") if one]  # every command has --help, too
        of = {"anyOf": [*kinds, {"type": "null"}]}
        rules.append({"if": {"properties": {"command": {"const": name}}}, "then": {"properties": {"result": of}}})
    warning = schemas.event("warning", EVENTS["warning"])
    del warning["properties"]["event"], warning["required"][0]
    definitions = {
        "error": schemas.error(),
        "warning": warning,
        "event": {
            "description": "A line on stderr with --events.",
            "oneOf": [{"$ref": f"#/$defs/event-{name}"} for name in EVENTS],
        },
        **{f"event-{name}": schemas.event(name, fields) for name, fields in EVENTS.items()},
    }
    has_error = {"properties": {"error": {"$ref": "#/$defs/error"}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The machine interface of stm8tool, format {FORMAT}",
        "description": "The object on stdout with --json. A program must accept keys that are not here.",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            "version": with_words({"type": "string"}, "The version of the tool."),
            "command": with_words({"type": ["string", "null"]}, "The command; null if none was named."),
            "ok": with_words({"type": "boolean"}, "Whether the command did its work: the exit code is 0."),
            "result": with_words({"type": ["object", "null"]}, "The result; an error may come with one, too."),
            "error": {"type": ["object", "null"]},
            "warnings": {"type": "array", "items": {"$ref": "#/$defs/warning"}},
        },
        "required": ["format", "version", "command", "ok", "result", "error", "warnings"],
        "allOf": [
            {
                "if": {"properties": {"ok": {"const": True}}},
                "then": {"properties": {"error": {"type": "null"}}},
                "else": has_error,
            },
            *rules,
        ],
        "$defs": {**definitions, **dict(sorted(schemas.definitions.items()))},
    }


def files() -> dict[Path, bytes]:
    """Return the file."""
    return {FILE: text(schema()).encode("ascii")}
