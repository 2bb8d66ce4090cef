"""Errors are values: they stay as they were made, numbers are fields, and a code is one row."""

from __future__ import annotations

import ast
import copy
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

import stm8tool
from stm8tool import errors
from stm8tool.chip.flash.controller import RefusedError
from stm8tool.chip.link.entry import BusError
from stm8tool.errors import (
    AccessError,
    Code,
    ConnectError,
    FamilyMismatchError,
    ImageError,
    LinkFault,
    ProbeError,
    ProgramError,
    ReadoutProtectedError,
    SwimError,
    ToolError,
    TransferSizeError,
    TransportError,
    UsageError,
    VerifyError,
    WriteProtectedError,
)
from stm8tool.words import COMMAND_LINE, LIBRARY, Hint

ONE_OF_EACH: list[ToolError] = [
    ToolError("x", code=Code.RUN_TIME),
    UsageError("x", hint="do it", details=["seen"]),
    ImageError("x", address=0x8000, size=9, room=8),
    TransportError("x"),
    TransferSizeError(4, b"abc"),
    AccessError("x", code=Code.BUSY),
    ProbeError("x", code=Code.PROBE_LIMIT, end=0x10100),
    SwimError("x", fault=LinkFault.DAMAGED, address=0x7F80, expected=1, actual=2),
    ConnectError("x", code=Code.PROBE_HUNG),
    BusError(SwimError("x", fault=LinkFault.SILENT), hsit=True),
    ReadoutProtectedError("x"),
    WriteProtectedError("x", ubc=2, address=0x8000),
    ProgramError("x", address=0x8040, iapsr=0x40, count=3),
    RefusedError("x", address=0x8040, iapsr=0x41),
    VerifyError("x", address=0x8000, expected=1, actual=2, differing=5, compared=64),
    FamilyMismatchError("x", ram_size=2048),
]
each = pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)


def test_every_type_of_error_is_here() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ToolError)}
    with_fields = {kind for kind in kinds if "__init__" in vars(kind)}
    assert with_fields <= {type(error) for error in ONE_OF_EACH}


@each
@pytest.mark.parametrize(
    "name",
    ["code", "hint", "details", "args", "exit_code", "advice", "evidence", "cut", "address", "fault", "anything"],
)
def test_an_error_does_not_change(error: ToolError, name: str) -> None:
    before = dict(vars(error)), error.args
    with pytest.raises(AttributeError, match="does not change"):
        setattr(error, name, None)
    with pytest.raises(AttributeError, match="does not change"):
        delattr(error, name)
    assert (dict(vars(error)), error.args) == before


def test_python_itself_may_set_what_it_needs_on_the_way() -> None:
    cause = ValueError("first")
    with pytest.raises(UsageError) as caught:
        raise UsageError("x").with_traceback(None) from cause
    error = caught.value
    assert error.__cause__ is cause
    error.__cause__ = None
    error.__context__ = cause
    error.__suppress_context__ = True
    error.__traceback__ = None
    error.__notes__ = ["a note"]  # what add_note does, from Python 3.11 on
    del error.__notes__
    assert error.__context__ is cause


@each
def test_a_copy_differs_in_what_is_given_and_in_nothing_else(error: ToolError) -> None:
    before = dict(vars(error))
    changed = error.with_(code=Code.SUPPLY_LOW, hint="look", details=["a", "b"], cut=(0x8000,))
    assert type(changed) is type(error)
    assert (changed.code, changed.hint, changed.details, changed.cut) == (
        Code.SUPPLY_LOW,
        "look",
        ("a", "b"),
        (0x8000,),
    )
    assert str(changed) == str(error)
    assert changed.exit_code == Code.SUPPLY_LOW.exit_code
    rest = {"code", "advice", "evidence", "cut"}
    assert {name: value for name, value in vars(changed).items() if name not in rest} == {
        name: value for name, value in before.items() if name not in rest
    }
    assert dict(vars(error)) == before


@each
def test_a_copy_without_changes_is_equal_and_can_be_pickled(error: ToolError) -> None:
    for same in (error.with_(), copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert same is not error
        assert (type(same), same.args, same.hint) == (type(error), error.args, error.hint)
        assert (same.code, same.details, same.exit_code) == (error.code, error.details, error.exit_code)


def test_a_hint_in_words_survives_a_copy() -> None:
    error = UsageError("x", hint=Hint("name {what} with {part}", what="{it}"))
    for same in (error.with_(), pickle.loads(pickle.dumps(error))):
        assert same.hint == "name {it} with `part`"
        assert same.hint_in(COMMAND_LINE) == "name {it} with --part"


def test_an_empty_hint_is_none_and_none_keeps_the_hint() -> None:
    error = TransportError("x")
    assert error.with_(hint="").hint is None
    assert error.with_(hint=None).hint == error.hint == Code.PROBE_REFUSES.hint


def test_a_number_that_the_type_does_not_have_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="UsageError has no address"):
        UsageError("x").with_(address=1)


def test_a_changed_error_shows_the_first_one() -> None:
    first = UsageError("first")
    with pytest.raises(UsageError) as caught:
        raise first.with_(hint="later") from first
    assert "The above exception was the direct cause" in "".join(
        traceback.format_exception(caught.type, caught.value, caught.tb)
    )


# -- exit codes ------------------------------------------------------------------------------------------------------


@each
def test_a_code_has_one_exit_code_whatever_the_type_of_the_error(error: ToolError) -> None:
    assert {code: error.with_(code=code).exit_code for code in Code} == {code: code.exit_code for code in Code}


def test_no_error_is_made_with_a_code_that_is_only_a_warning() -> None:
    warnings = {code.name for code in Code if not code.exit_code}
    assert "WEAK_LINK" in warnings
    given = {
        (path.name, name.attr)
        for path in Path(stm8tool.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "code"
        for name in ast.walk(keyword.value)
        if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name) and name.value.id == "Code"
    }
    assert given
    assert {(file, name) for file, name in given if name in warnings} == set()


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.value)
def test_a_code_is_a_whole_row(code: Code) -> None:
    assert Code(code.value) is code
    assert str(code) == f"[{code.value}]"
    assert code.name == code.value[2:].replace("-", "_")
    assert code.exit_code in range(8)
    assert code.meaning
    assert code.meaning[0].islower() or code.meaning.startswith(("the ", "Python"))
    assert not code.meaning.endswith(".")
    assert code.hint is None or str(code.hint)


# -- nothing is edited in flight -------------------------------------------------------------------------------------


def _edits(tree: ast.AST) -> list[str]:
    """Return the assignments to what an error is made of, on anything but what is being made: `self`, a `row`."""
    found = []
    for node in ast.walk(tree):
        targets: list[Any] = []
        if isinstance(node, ast.Assign):
            targets = [each for target in node.targets for each in getattr(target, "elts", [target])]
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        found += [
            ast.unparse(target)
            for target in targets
            if isinstance(target, ast.Attribute)
            and target.attr in ("code", "hint", "details", "args", "advice", "evidence")
            and ast.unparse(target.value) not in ("self", "row")
        ]
    return found


def test_no_error_is_edited_in_flight() -> None:
    package = Path(stm8tool.__file__).parent
    found = {
        source.relative_to(package).as_posix(): edits
        for source in package.rglob("*.py")
        for edits in [_edits(ast.parse(source.read_text(encoding="utf-8")))]
        if edits
    }
    assert found == {}
    assert _edits(ast.parse("exc.code = 1\nself.code = 2\na, exc.hint = b\nexc.details += c")) == [
        "exc.code",
        "exc.hint",
        "exc.details",
    ]


def test_the_words_of_the_library_are_what_an_error_says_by_itself() -> None:
    error = UsageError("x", hint=Hint("see {part}"), details=[Hint("{allow:lock}: why"), "plain {part}"])
    assert error.hint == error.hint_in(LIBRARY) == "see `part`"
    assert error.details == error.details_in(LIBRARY) == ("allow=[stm8tool.Danger.LOCK]: why", "plain {part}")
    assert error.details_in(COMMAND_LINE) == ("--force-lock: why", "plain {part}")
