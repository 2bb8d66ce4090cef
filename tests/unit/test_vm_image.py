"""What the virtual machine tests say where something is missing; that they work is for themselves to show."""

from __future__ import annotations

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
