"""The docs site: its navigation has every page, its drawings are made, and nothing in it comes from another host."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from documents import DOCS
from pio import ROOT, load


@pytest.fixture(scope="module")
def site() -> ModuleType:
    return load(ROOT / "dev" / "docs_site.py")


def test_every_page_is_in_the_navigation_once(site: ModuleType) -> None:
    pages = [page for group in site.PAGES.values() for page in group]
    assert sorted([site.START, *pages]) == sorted(name[: -len(".md")] for name in DOCS)
    assert all(f"\n{page}\n" in site.navigation() for page in pages)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('<script async src="https://host.example/a.js">', "https://host.example/a.js"),
        ('<link href="//host.example/a.css" rel="stylesheet">', "//host.example/a.css"),
        ('<img alt="" src=https://host.example/a.png>', "https://host.example/a.png"),
        ("@font-face { src: url('https://host.example/a.woff2') }", "https://host.example/a.woff2"),
        ('@import "https://host.example/a.css"', "https://host.example/a.css"),
        ('<a href="https://host.example/">a link</a><script src="_static/a.js"></script>', None),
        ('<link rel="next" href="https://host.example/"><img src="../a.svg">', None),
    ],
)
def test_only_addresses_that_a_browser_fetches_by_itself_are_found(
    site: ModuleType, tmp_path: Path, text: str, address: str
) -> None:
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert list(site.fetched(tmp_path)) == ([("page.html", address)] if address else [])


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Sphinx needs Python 3.11")
def test_each_kind_of_mistake_stops_the_build_and_pages_without_one_become_a_site(
    site: ModuleType, tmp_path: Path
) -> None:
    def build() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(tmp_path / "dev" / "docs_site.py"), str(tmp_path / "site")]
        return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)

    for folder in ("dev", "docs"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "dev" / "docs_site.py", tmp_path / "dev")
    for page in (site.START, *(page for group in site.PAGES.values() for page in group)):
        (tmp_path / f"{page}.md").write_text("# A page\n\n[first](#a-page)\n", encoding="utf-8")
    done = build()
    assert (done.returncode, done.stderr) == (0, "")
    assert "docs/start.html" in (tmp_path / "site" / "README.html").read_text(encoding="utf-8")
    assert 'url=README.html"' in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")

    (tmp_path / "docs" / "extra.md").write_text("# Not in the navigation\n", encoding="utf-8")
    links = "[a](gone.md) [b](boards.md#gone) [c](../dev/gone.py) ![d](https://host.example/d.png)"
    (tmp_path / "docs" / "start.md").write_text(f"# A page\n\n{links}\n", encoding="utf-8")
    done = build()
    assert done.returncode == 1
    for complaint in (
        "extra.md: WARNING: document isn't included in any toctree",
        "target not found: 'gone.md'",
        "local id not found in doc 'docs/boards': 'gone'",
        "target not found: '../dev/gone.py'",
        "error: docs/start.html would load https://host.example/d.png",
    ):
        assert complaint in done.stderr, done.stderr


def test_an_older_python_says_why_there_is_no_site_and_leaves_the_folder_alone(
    site: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept").write_text("", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["docs_site.py", str(tmp_path)])
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    assert site.main() == site.NOT_HERE
    assert capsys.readouterr().out == "docs: not built, because Sphinx needs Python 3.11 and this is 3.10\n"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_the_drawings_are_what_their_script_draws_and_each_is_on_a_page() -> None:
    made = load(ROOT / "dev" / "make_drawings.py").files()
    assert made == {path: path.read_bytes() for path in made}
    shown = {file for text in DOCS.values() for file in re.findall(r"!\[.*?\]\((.*?)\)", text.read_text("utf-8"))}
    assert {Path(file).name for file in shown} == {path.name for path in (ROOT / "docs").glob("*.svg")}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "docs").glob("*.svg")))
def test_a_drawing_tells_what_it_shows_and_is_drawn_for_light_and_dark_pages(name: str) -> None:
    root = ElementTree.fromstring((ROOT / "docs" / name).read_text(encoding="utf-8"))
    space = "{http://www.w3.org/2000/svg}"
    assert [len(root.findtext(f"{space}{tag}") or "") > 20 for tag in ("title", "desc")] == [True, True]
    classes = {word for part in root.iter() for word in part.get("class", "").split()}
    light, _, dark = (root.findtext(f"{space}style") or "").partition("prefers-color-scheme: dark")
    coloured = {word for word in classes if re.search(rf"\.{word} {{[^}}]*(?:fill|stroke): #", light)}
    assert coloured
    assert [word for word in coloured if f".{word} {{" not in dark] == []
