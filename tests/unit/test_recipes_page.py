"""docs/recipes.md names files, tests, tables and commands: all of them exist."""

from __future__ import annotations

import re

import pytest

from documents import read, section
from pio import ROOT

PAGE = read("docs/recipes.md")
RECIPES = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
WORDS = sorted(set(re.findall(r"`([^`\n]+)`", PAGE)))
FOLDERS = ("tool", "builder", "boards", "docs", "dev", "tests")


def chosen(pattern: str) -> list[str]:
    """Return what stands in code type and fits."""
    found = [word for word in WORDS if re.fullmatch(pattern, word)]
    assert found
    return found


@pytest.mark.parametrize("name", chosen(rf"(?:{'|'.join(FOLDERS)})/[^ …]*"))
def test_every_file_that_the_page_names_exists(name: str) -> None:
    assert (ROOT / name).exists(), f"docs/recipes.md names {name}: write its new place"


@pytest.mark.parametrize("name", chosen(r"test_\w+"))
def test_every_test_that_the_page_names_exists(name: str) -> None:
    tests = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    missing = f"docs/recipes.md names {name}: no test has this name; write its new name"
    assert any(f"def {name}(" in text for text in tests), missing


@pytest.mark.parametrize("name", chosen(r"[A-Z][A-Z_]+|[A-Z][a-z]+[A-Za-z]*"))
def test_every_table_and_class_that_the_page_names_is_in_a_file_that_it_names(name: str) -> None:
    files = [ROOT / word for word in WORDS if word.endswith(".py") and (ROOT / word).is_file()]
    files += [ROOT / "tests" / "sim" / "bench.py"]
    pattern = re.compile(rf"^(?:class )?{name}\b", re.MULTILINE)
    missing = f"docs/recipes.md names {name}: none of the files that it names has that"
    assert any(pattern.search(file.read_text(encoding="utf-8")) for file in files), missing


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_has_commands_that_exist_and_says_what_tells_of_a_step_that_was_forgotten(recipe: str) -> None:
    text = section(PAGE, recipe)
    commands = re.findall(r"^ +python3 dev\.py (\w+)(.*)$", text, re.MULTILINE)
    assert {"generate", "test"} & {command for command, _ in commands}
    named = [word for command, words in commands if command == "test" for word in words.split() if "/" in word]
    assert [word for word in named if not (ROOT / word).exists()] == []
    assert named
    assert "| If you forget | This tells you |" in text


def test_the_commands_of_the_page_are_those_of_dev_py() -> None:
    commands = set(re.findall(r"python3 dev\.py (\w+)", PAGE))
    door = (ROOT / "dev" / "__main__.py").read_text(encoding="utf-8")
    assert [command for command in commands if f'"{command}"' not in door] == []


def test_there_are_seven_recipes() -> None:
    assert RECIPES == [
        "A part",
        "A pio target",
        "A command",
        "An error code",
        "A fault of the simulator",
        "A probe",
        "An option byte",
    ]
