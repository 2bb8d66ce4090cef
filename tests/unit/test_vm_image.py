"""What the virtual machine tests say where something is missing; that they work is for themselves to show."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from vm import image


@pytest.mark.parametrize("name", image.PROGRAMS)
def test_a_missing_program_is_named_with_its_package(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in image.PROGRAMS:
        if other != name:
            (tmp_path / other).touch(mode=0o755)
    monkeypatch.setattr(image, "_SEARCHED", str(tmp_path))
    with pytest.raises(image.MissingError, match=f"need {name}: apt-get install {image.PROGRAMS[name]}"):
        image.Image(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_where_it_cannot_be_had_that_is_a_line_and_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(image, "_SEARCHED", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["image.py", "--missing"])
    assert image.main() == 0
    assert capsys.readouterr().out.split() == list(image.PROGRAMS.values())
    monkeypatch.setattr(sys, "argv", ["image.py"])
    assert image.main() == 77
    assert capsys.readouterr().out.startswith("not run: the virtual machine tests need qemu-system-x86_64: apt-get")
