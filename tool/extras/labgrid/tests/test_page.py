"""The way from nothing to a green line in docs/farm.md, as it stands there. Only the port is another."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from boards import save, talking
from farm import Server, ended

PAGE = (Path(__file__).parents[4] / "docs" / "farm.md").read_text(encoding="utf-8")
PORT = "127.0.0.1:20408"
READY = {"labgrid-coordinator": "listening on ", "labgrid-exporter": "creating poll task"}


def section(heading: str) -> str:
    """Return the part of labgrid's section that stands below a heading."""
    return PAGE.partition("\n## labgrid\n")[2].partition(f"\n### {heading}\n")[2].partition("\n### ")[0]


def blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, content, file): the file is the last one that the text before names."""
    before = 0
    for found in re.finditer(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        named = re.findall(r"\b(\w+\.(?:yaml|py))\b", text[before : found.start()])
        before = found.end()
        yield found[1], found[2], named[0] if named else ""


def fits(expected: str, shown: str) -> bool:
    """Tell whether `shown` is what the page has: "…" is any text in a line, or, alone on one, any lines."""
    lines = expected.splitlines(keepends=True)
    pieces = ("(?:.*\n)*" if line == "…\n" else ".*".join(map(re.escape, line.split("…"))) for line in lines)
    return re.fullmatch("".join(pieces), shown) is not None


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a user whose environment has labgrid and the tool."""
    programs = tmp_path / "bin"
    programs.mkdir()
    tool = programs / "stm8tool"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -m stm8tool "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    own = {name: value for name, value in os.environ.items() if not name.startswith("LG_")}
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), own["PATH"]])
    return {**own, "PATH": path, "PYTHONUNBUFFERED": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_the_way_to_a_green_line_shows_what_happens(tmp_path: Path, environment: dict[str, str]) -> None:
    folder, servers = tmp_path, []
    commands = 0
    try:
        for kind, content, file in blocks(section("From nothing to a green line")):
            if kind in ("yaml", "python"):
                (tmp_path / "lab" / file).write_text(content, encoding="utf-8")
            elif kind == "text":
                place, command = content.splitlines()
                words = command.replace(PORT, environment.get("LG_COORDINATOR", "127.0.0.1:0")).split()
                where = tmp_path / place.removeprefix("cd ")
                servers.append(Server(words, where, READY[words[0]], {**environment, "PWD": str(where)}))
                environment.setdefault("LG_COORDINATOR", servers[0].ready.split()[-1])
            for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", content, re.MULTILINE):
                commands += 1
                if command.startswith("cd "):
                    folder = folder / command.removeprefix("cd ")
                    save(folder / "firmware.hex", talking())
                    continue
                done = ended(["sh", "-c", command], folder, environment)
                assert done.code == 0, done
                assert not expected or fits(expected, done.out), done
    finally:
        for server in reversed(servers):
            server.stop()
    assert commands > 8
    assert len(servers) == 2


def test_every_yaml_of_the_page_is_one() -> None:
    found = [content for kind, content, _ in blocks(PAGE) if kind == "yaml"]
    assert len(found) >= 3
    assert all(isinstance(yaml.safe_load(content), dict) for content in found)


def test_the_tables_have_every_parameter_and_every_method_and_no_other() -> None:
    import attr

    from stm8tool_labgrid import Stm8ToolDriver

    text = section("The driver")
    rows = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)", row)]
    own = {field.name for field in attr.fields(Stm8ToolDriver)} - {"target", "name", "state"}
    jobs = {
        name
        for name in vars(Stm8ToolDriver)
        if not name.startswith(("_", "on_")) and callable(getattr(Stm8ToolDriver, name))
    }
    jobs |= {"read", "write", "expect", "sendline"}
    assert sorted({*named} - {"Stm8ToolDriver"}) == sorted(own | jobs)
