"""Failures and results after a way on which integers become floats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jumpstarter.common.serde import decode_value, encode_value

import stm8tool
from stm8tool import Code, LinkFault, ToolError
from stm8tool.errors import TransferSizeError
from stm8tool.words import Hint
from stm8tool_jumpstarter.wire import failed, packed, revived, unpacked, whole

ERRORS = [
    ToolError("plain", code=Code.USAGE, hint="do this", details=["one", "two"]),
    stm8tool.UsageError("wrong").with_(cut=(0x8000, 0x8040), supply_mv=3312),
    stm8tool.ImageError("outside", code=Code.OUTSIDE_MAP, address=0xA000, size=4, room=0),
    stm8tool.AccessError("in use", code=Code.BUSY),
    stm8tool.ProbeLostError("pulled"),
    stm8tool.ProbeError("far", end=0x28000),
    stm8tool.SwimError("silent", fault=LinkFault.SILENT, address=0x8000, expected=1, actual=0),
    stm8tool.ConnectError("nothing answers", details=["a", "b"]),
    stm8tool.ReadoutProtectedError("locked"),
    stm8tool.WriteProtectedError("UBC", ubc=2, address=0x8040),
    stm8tool.ProgramError("not finished", address=0x8000, iapsr=0x40, count=3),
    stm8tool.VerifyError("differs", address=0x8000, expected=255, actual=0, differing=2, compared=64),
    stm8tool.FamilyMismatchError("another", ram_size=2048),
    stm8tool.SerialError("no answer"),
]


def carried(value: Any) -> Any:
    """Return a value as jumpstarter brings it."""
    return decode_value(encode_value(value))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_arrives_as_it_was(error: ToolError) -> None:
    came = revived(whole(carried(failed(error)))["error"])
    assert type(came) is type(error)
    assert (str(came), came.code, came.exit_code) == (str(error), error.code, error.exit_code)
    assert came.details == error.details
    inner = {"advice", "evidence"}
    assert {name: one for name, one in vars(came).items() if name not in inner} == {
        name: one for name, one in vars(error).items() if name not in inner
    }
    for name, one in vars(came).items():
        assert type(one) is type(vars(error)[name]) or name in inner


def test_an_error_of_the_inside_arrives_as_the_nearest_one() -> None:
    came = revived(whole(carried(failed(TransferSizeError(4, b"\x01"))))["error"])
    assert isinstance(came, ToolError)
    assert came.code is Code.PROBE_REFUSES


def test_hints_name_the_commands_of_the_farm() -> None:
    told = failed(stm8tool.UsageError("x", hint=Hint("{unlock} first, then {part:stm8s103f3}")))["error"]
    assert told["hint"] == "`unlock` first, then part: stm8s103f3 in the exporter's configuration"


def test_a_code_of_a_newer_exporter_is_told_in_the_details() -> None:
    told = failed(stm8tool.ProbeLostError("pulled"))["error"]
    came = revived({**told, "type": "NewError", "code": "E-NEW"})
    assert type(came) is ToolError
    assert came.details[-1] == "the exporter calls this E-NEW, which this client does not know"


def test_jumpstarter_turns_integers_into_floats_and_we_turn_them_back() -> None:
    sent = {"a": 1, "b": [2, {"c": 0xFFFFFF}], "d": 0.5, "e": True, "f": None, "g": "7"}
    came = carried(sent)
    assert type(came["a"]) is float
    assert json.dumps(whole(came), sort_keys=True) == json.dumps(sent, sort_keys=True)


def test_all_bytes_pass() -> None:
    assert unpacked(carried(packed(bytes(range(256))))) == bytes(range(256))
