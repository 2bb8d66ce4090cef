"""Hints are said in the words of whoever shows them; below `cli/` none names an option of the command line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Optional

import pytest

import stm8tool
from stm8tool.words import COMMAND_LINE, LIBRARY, PLATFORM, Hint, Words, joined, said, spoken

PACKAGE = Path(stm8tool.__file__).parent
BELOW = sorted(
    path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in ("cli", "doctor", "words.py")
)
VOCABULARIES = {"library": LIBRARY, "command line": COMMAND_LINE, "platform": PLATFORM}

# Options of other programs, which every hint may name.
OF_OTHERS = {
    "dwarf/reading.py": {"--debug", "--out-fmt-elf"},  # SDCC's
    "image/s_record.py": {"--out-fmt-s19", "--out-fmt-ihx", "--out-fmt-elf"},  # SDCC
    "sim/usbip/export.py": {"--tcp-port"},  # usbip
    "support/deps.py": {"--force-reinstall"},  # pip
    "support/fetching.py": {
        *("--disable-pip-version-check", "--no-input", "--upgrade", "--target", "--no-deps", "--only-binary"),
        "--require-hashes",
    },
    "transport/confinement.py": {
        *("--device", "--device-cgroup-rule", "--group-add", "--bind", "--property", "--user", "--busid", "--wsl"),
    },
    "transport/usb_access.py": {"--reload-rules"},  # udevadm
}
# Commands of stm8tool, as a message would name one: `unlock`, `options set`.
COMMAND = re.compile(
    r"`(?:stm8tool )?(?:unlock|lock|write|verify|read|erase|restore|reset|run|options|doctor|list)[ `]"
)


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield every text of a module that is not a docstring."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))


@pytest.mark.parametrize("source", BELOW, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_text_below_the_command_line_names_one_of_its_options(source: Path) -> None:
    name = source.relative_to(PACKAGE).as_posix()
    tree = ast.parse(source.read_text(encoding="utf-8"))
    found = {option for text in texts(tree) for option in options_in(str(text.value))}
    assert found == OF_OTHERS.get(name, set())


@pytest.mark.parametrize("source", BELOW, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_text_below_the_command_line_names_one_of_its_commands(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    assert [text.value for text in texts(tree) if COMMAND.search(str(text.value))] == []


def hints(tree: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """Yield the text of each Hint, and the names of the values that it is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Hint" and node.args:
            given = {keyword.arg or "" for keyword in node.keywords}
            first = node.args[0]
            pieces = first.values if isinstance(first, ast.JoinedStr) else [first]
            for piece in pieces:
                if isinstance(piece, ast.Constant):
                    yield str(piece.value), given


HINTS = [
    pytest.param(text, given, id=f"{path.relative_to(PACKAGE).as_posix()}: {text[:40]}")
    for path in sorted(PACKAGE.rglob("*.py"))
    for text, given in hints(ast.parse(path.read_text(encoding="utf-8")))
]


def test_the_walk_finds_the_hints() -> None:
    assert len(HINTS) > 35


@pytest.mark.parametrize(("text", "given"), HINTS)
def test_a_hint_has_known_words_only_and_no_vocabulary_leaves_a_brace(text: str, given: set[str]) -> None:
    names = {name for _, name, spec, _ in Formatter().parse(text) for name in [name, *fields(spec)] if name}
    assert names <= LIBRARY.keys() | given
    for words in VOCABULARIES.values():
        shown = Hint(text, **dict.fromkeys(given, "value")).said(words)
        assert not set(shown) & set("{}")


def test_no_hint_below_the_command_line_names_an_option_to_a_program() -> None:
    for source in BELOW:
        for text, given in hints(ast.parse(source.read_text(encoding="utf-8"))):
            shown = Hint(text, **dict.fromkeys(given, "value")).said(LIBRARY)
            assert options_in(shown) == set(), text


# The verbs of the command line, most of which the library has as methods with other names or arguments.
_COMMANDS = "unlock|erase|write|read|verify|lock|reset|run|restore|backup|options|info|list|doctor|udev|parts"


def test_a_plain_hint_below_the_command_line_names_no_command() -> None:
    found = []
    for source in BELOW:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                plain = [
                    word.value for word in node.keywords if word.arg == "hint" and not isinstance(word.value, ast.Call)
                ]
                found += [text for text in map(ast.unparse, plain) if re.search(rf"`({_COMMANDS})[ `]", text)]
    assert found == []


def fields(spec: object) -> list[str]:
    """Return the names within the value of a word: "start" of "{base:{start}}"."""
    return [name for _, name, _, _ in Formatter().parse(str(spec or "")) if name]


def test_every_vocabulary_has_every_word_and_each_is_used() -> None:
    assert set(LIBRARY) == set(COMMAND_LINE) == set(PLATFORM)
    texts_with_words = " ".join(
        path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.name != "words.py"
    )
    assert [word for word in LIBRARY if not re.search(rf"\{{{word}[}}:]", texts_with_words)] == []


@pytest.mark.parametrize("word", sorted(LIBRARY))
def test_no_word_of_the_library_is_an_option(word: str) -> None:
    for form in (f"{LIBRARY[word]}", f"{LIBRARY[word]:value}"):
        assert "--" not in form


@pytest.mark.parametrize(("speaker", "words"), [("platformio", PLATFORM), ("", COMMAND_LINE), (None, COMMAND_LINE)])
def test_a_process_that_a_target_of_pio_has_started_speaks_as_platformio_ini(
    speaker: Optional[str], words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STM8TOOL_WORDS", raising=False)
    if speaker is not None:
        monkeypatch.setenv("STM8TOOL_WORDS", speaker)
    assert spoken() is words


@pytest.mark.parametrize(
    ("first", "windows", "tool"),
    [
        ("tool", False, "python3 tool"),
        ("my tool", False, "python3 'my tool'"),
        ("my tool", True, 'py "my tool"'),
        ("my tool/stm8flash.py", False, "python3 'my tool'"),
        (".venv/lib/stm8tool/__main__.py", False, "python3 -m stm8tool"),
        (".venv/bin/stm8tool", False, "stm8tool"),
    ],
)
@pytest.mark.parametrize("speaker", ["", "platformio"])
def test_a_hint_has_the_words_that_have_started_the_tool(
    first: str, windows: bool, tool: str, speaker: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in ("tool", "my tool"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [first, "info"])
    monkeypatch.setattr("sys.platform", "win32" if windows else "linux")
    monkeypatch.setenv("STM8TOOL_WORDS", speaker)
    words = spoken()
    assert Hint("{sim_create:b.chip}").said(words) == f"{tool} sim create b.chip --part … --probe v2"
    assert Hint("{sim_create:my b.chip}").said(words) == f'{tool} sim create "my b.chip" --part … --probe v2'
    assert Hint("{list}").said(words) == ("`pio run -t list-probes`" if speaker else f"`{tool} list`")
    assert Hint("{tool} parts").said(words) == f"{tool} parts"
    assert words.keys() == LIBRARY.keys()


@pytest.mark.parametrize(
    ("probe", "shown"),
    [("stlink", "upload_protocol = stlink, without upload_port"), ("usb:1-2", "upload_port = usb:1-2")],
)
def test_under_pio_an_st_link_is_a_protocol_and_all_else_a_port(probe: str, shown: str) -> None:
    assert Hint("{probe:{which}}", which=probe).said(PLATFORM) == shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (LIBRARY, "name `part`, for example part='stm8s103f3', or probe='my bench', allow=[stm8tool.Danger.LOCK]"),
        (COMMAND_LINE, 'name --part, for example --part stm8s103f3, or --probe "my bench", --force-lock'),
        (
            PLATFORM,
            "name `board_upload.part`, for example board_upload.part = stm8s103f3, or upload_port = my bench, "
            "--force-lock in `upload_flags`",
        ),
    ],
)
def test_a_word_may_have_a_value(words: Words, shown: str) -> None:
    hint = Hint("name {part}, for example {part:stm8s103f3}, or {probe:{which}}, {allow:lock}", which="my bench")
    assert hint.said(words) == shown


def test_braces_in_a_value_or_in_a_plain_text_mean_nothing() -> None:
    inner = Hint("see {path} and {part}", path="{part}.hex")
    assert Hint("{inner}; {probe:{which}}", inner=inner, which="{part}").said(COMMAND_LINE) == (
        "see {part}.hex and --part; --probe {part}"
    )
    assert said("plain {part}", COMMAND_LINE) == "plain {part}"
    assert said(None, LIBRARY) is None


def test_advice_can_go_on_with_other_advice() -> None:
    assert said(joined("first", Hint("then {part}")), COMMAND_LINE) == "first; then --part"
    assert joined("first", None) == "first"
    assert str(Hint("then {part}")) == "then `part`"
    assert repr(Hint("then {part}")) == "Hint('then `part`')"
