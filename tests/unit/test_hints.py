"""Every error says what to do next: wherever one is raised it has a hint, or its code has one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

import pytest

import stm8tool
from stm8tool import errors
from stm8tool.errors import Code, ToolError

_PACKAGE = Path(stm8tool.__file__).parent
_FILES = sorted(_PACKAGE.rglob("*.py"))


class Site(NamedTuple):
    """Where an error is made."""

    where: str
    kind: str
    code: Optional[str]
    hint: Optional[ast.expr]


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for file in _FILES:
        yield file, ast.parse(file.read_text(encoding="utf-8"))


def _kinds() -> dict[str, Optional[Code]]:
    """Return the name of every type of error, also of those in other modules, with the code it stands for."""
    found: dict[str, Optional[Code]] = {
        name: getattr(kind, "code", None)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, ToolError)
    }
    for _ in range(3):  # subclasses of subclasses
        for _, tree in _trees():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in found]
                    for base in bases:
                        found.setdefault(node.name, found[base])
    return found


_KINDS = _kinds()


def _sites(file: Path, tree: ast.Module) -> Iterator[Site]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in _KINDS:
            given = {word.arg: word.value for word in node.keywords}
            code = ast.unparse(given["code"]) if "code" in given else None
            yield Site(f"{file.relative_to(_PACKAGE)}:{node.lineno}", name, code, given.get("hint"))


def _may_be_nothing(hint: ast.expr) -> bool:
    if isinstance(hint, ast.IfExp):
        return _may_be_nothing(hint.body) or _may_be_nothing(hint.orelse)
    if isinstance(hint, ast.BoolOp):
        return _may_be_nothing(hint.values[-1])
    return isinstance(hint, ast.Constant) and not hint.value


def _says_what_to_do(site: Site) -> bool:
    if site.hint is not None and not _may_be_nothing(site.hint):
        return True
    if site.code is None:
        code = _KINDS[site.kind]
    else:
        code = next((code for code in Code if site.code == f"Code.{code.name}"), None)
    return code is not None and code.hint is not None


@pytest.mark.parametrize("file", _FILES, ids=lambda file: str(file.relative_to(_PACKAGE)))
def test_every_error_that_is_raised_says_what_to_do(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert [site for site in _sites(file, tree) if not _says_what_to_do(site)] == []


def test_the_walk_finds_the_errors() -> None:
    found = [site for file, tree in _trees() for site in _sites(file, tree)]
    assert len(found) > 200
    assert {site.kind for site in found} >= {
        "UsageError",
        "ImageError",
        "BusError",
        "RefusedError",
        "TransferSizeError",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("UsageError('x')", False),
        ("UsageError('x', hint='do it')", True),
        ("UsageError('x', hint=None)", False),
        ("UsageError('x', hint='do it' if y else None)", False),
        ("errors.ProbeError('x')", True),
        ("ProbeError('x', code=Code.PROBE_LIMIT)", False),
        ("UsageError('x', code=Code.PROBE_HUNG)", True),
        ("TransferSizeError(4, b'')", True),
    ],
)
def test_what_the_walk_accepts(text: str, says: bool) -> None:
    (site,) = _sites(_PACKAGE / "x.py", ast.parse(text))
    assert _says_what_to_do(site) is says


def test_an_error_has_its_own_hint_or_that_of_its_code() -> None:
    assert errors.TransportError("x").hint == Code.PROBE_REFUSES.hint
    assert errors.TransportTimeoutError("x").hint == Code.PROBE_HUNG.hint
    assert errors.SwimError("x", hint="mine").hint == "mine"
    assert errors.SwimError("x", code=Code.PROBE_HUNG).hint == Code.PROBE_HUNG.hint
    assert errors.UsageError("x").hint is None
