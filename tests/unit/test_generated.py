"""What is made from tables: it is as `dev.py generate` writes it, and `dev.py check` says what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pio import ROOT, dev_module, load
from stm8build.targets import TARGETS

generating = dev_module("generating")


@pytest.mark.parametrize("name", generating.GENERATORS)
def test_what_is_committed_is_what_the_generator_makes(name: str) -> None:
    made = generating.files(ROOT / name)
    assert made
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, content in made.items()
        if content != (path.read_bytes() if path.is_file() else None)
    ]
    assert stale == [], f"{', '.join(stale)}: run {generating.COMMAND}"


def test_every_generator_is_run() -> None:
    found = [path.relative_to(ROOT) for path in ROOT.glob("*/**/make_*.py")]
    scripts = {path.as_posix() for path in found if not path.parts[0].startswith(".")}  # not those of a .venv
    assert scripts == set(generating.GENERATORS)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a generator for one file, and with a file that no table has any more."""
    (tmp_path / "make.py").write_text(
        "from pathlib import Path\nHERE = Path(__file__).parent\n"
        "def files(): return {HERE / 'made.txt': b'new', HERE / 'gone.txt': None}\n"
    )
    (tmp_path / "made.txt").write_text("old")
    (tmp_path / "gone.txt").write_text("old")
    monkeypatch.setattr(generating, "ROOT", tmp_path)
    monkeypatch.setattr(generating, "GENERATORS", ("make.py",))
    return tmp_path


def test_a_stale_file_is_named_with_the_command(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generating.check() == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: made.txt is stale: run python3 dev.py generate",
        "error: gone.txt is stale: run python3 dev.py generate",
    ]
    assert (checkout / "made.txt").read_text() == "old"


def test_generate_writes_and_removes_and_then_nothing_is_stale(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generating.generate() == 0
    assert capsys.readouterr().out == "written: made.txt\nremoved: gone.txt\n"
    assert (checkout / "made.txt").read_text() == "new"
    assert not (checkout / "gone.txt").exists()
    assert generating.check() == 0


def test_the_table_of_targets_is_on_a_page_and_gets_a_row_for_each_target() -> None:
    make_docs = load(ROOT / "docs" / "make_docs.py")
    head = make_docs.table(make_docs.TARGETS_HEAD, [])
    made = make_docs.with_targets(f"Text.\n\n{head}| `old` | does it | no |\n\nMore.\n")
    before, _, below = made.partition(head)
    rows, _, after = below.partition("\n\n")
    assert (before, after) == ("Text.\n\n", "More.\n")
    assert [row.split("`")[1] for row in rows.splitlines()] == [target.name for target in TARGETS]
    assert [path for path, content in make_docs.files().items() if head in content.decode()] != []
