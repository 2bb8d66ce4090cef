#!/usr/bin/env python3
"""Build the docs site from the Markdown of this checkout; every warning is an error.

    python3 dev.py docs            into dist/site; open dist/site/index.html
    .venv/bin/python dev/docs_site.py FOLDER

The pages stay where they are, so their links work on a code host as well as on the site. A broken link, a missing
anchor, a page outside PAGES and anything that a browser would fetch from another host stop the build.
Sphinx needs Python 3.11. On an older Python this ends with exit code 77 and a sentence.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

NOT_HERE = 77  # the exit code of dev.py for a command that this machine cannot run

START = "README"  # the first page

# The navigation: caption -> pages, as a newcomer needs them.
PAGES = {
    "Start": ["docs/start", "docs/wiring", "docs/unlock", "docs/boards", "docs/coming-from-ststm8"],
    "Use": [
        "docs/targets",
        "docs/options",
        "docs/frameworks",
        "docs/sdcc",
        "docs/unused",
        "docs/compilers",
        "docs/serial",
        "docs/espstlink",
        "docs/rp2040",
        "docs/remote",
        "docs/console",
        "docs/debugging",
        "docs/watch",
        "docs/testing",
        "docs/production",
        "docs/farm",
        "docs/stm8tool",
        "docs/machine-interface",
        "docs/api",
        "docs/compat",
        "docs/chip-file",
    ],
    "When it fails": ["docs/troubleshooting", "docs/errors"],
    "Inside": [
        "docs/README",
        "docs/tested",
        "docs/architecture",
        "docs/performance",
        "docs/recipes",
        "docs/timing",
        "CONTRIBUTING",
        "CHANGELOG",
    ],
}

# An address that a browser fetches without a click.
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\ssrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|icon|preload|preconnect))[^>]*\shref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|(?:@import\s+|url\()\s*["']?((?:https?:)?//[^"')\s]+)"""
)


def navigation() -> str:
    """Return the tree of pages in the form of MyST, for the end of the first page."""
    trees = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", *pages, "```"])
        for caption, pages in PAGES.items()
    ]
    return "\n\n" + "\n\n".join(trees) + "\n"


def fetched(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, address) for each address on another host that a file of a built site would load."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".html", ".css", ".svg"):
            for found in _FETCHED.finditer(file.read_text(encoding="utf-8")):
                yield file.relative_to(folder).as_posix(), next(filter(None, found.groups()))


def build(folder: Path) -> bool:
    """Write the site to an empty folder; tell whether Sphinx had no warning."""
    from sphinx.application import Sphinx

    settings = {
        "project": "STM8 for PlatformIO",
        "root_doc": START,
        "extensions": ["myst_parser"],
        "include_patterns": ["*.md", "docs/*.md"],
        # All other folders: Sphinx would walk through virtual environments.
        "exclude_patterns": [path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "docs"],
        "source_suffix": {".md": "markdown"},
        "myst_heading_anchors": 6,
        "html_theme": "furo",
        "html_title": "STM8 for PlatformIO",
        "html_copy_source": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "nitpicky": True,
        "smartquotes": False,  # a reader copies the characters of the Markdown
    }
    with tempfile.TemporaryDirectory() as doctrees:
        app = Sphinx(ROOT, None, folder, doctrees, "html", settings, status=None, freshenv=True, warningiserror=True)
        app.connect("source-read", _add_navigation)
        app.build()
    (folder / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={START}.html">'
        f'<title>STM8 for PlatformIO</title><a href="{START}.html">STM8 for PlatformIO</a>\n',
        encoding="utf-8",
    )
    clean: bool = app.statuscode == 0
    return clean


def _add_navigation(app: object, page: str, source: list[str]) -> None:
    if page == START:
        source[0] += navigation()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder for the site; its contents are replaced")
    folder: Path = parser.parse_args().folder.absolute()
    if sys.version_info < (3, 11):
        here = ".".join(map(str, sys.version_info[:2]))
        print(f"docs: not built, because Sphinx needs Python 3.11 and this is {here}")
        return NOT_HERE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    clean = build(folder)
    outside = list(fetched(folder))
    for name, address in outside:
        print(f"error: {name} would load {address}: a page must work without a network", file=sys.stderr)
    print(f"docs: {folder / 'index.html'}")
    return 0 if clean and not outside else 1


if __name__ == "__main__":
    sys.exit(main())
