"""Comments in the source leave a finding out, and the cache of the findings does not keep them from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stm8build.wrong_code.file_findings import Compiled, cached, findings

TREE = """\
FUNCTION (_f=0x55dbb5d9c000) type (float fixed) args (float auto)
tree (0x55dbb5d9bf60) not decorated
(null):0:{ L2:0 B2
f.c:LINE:  RETURN (0x55dbb5d9afe0) type (float fixed)
f.c:LINE:    DIV (0x55dbb5d9aa20) type (float fixed)
f.c:LINE:      SYMBOL (L1:0 B1 v=0x55dbb5d9a040 @ 0x55dbb5d983e0) type (float auto)
f.c:LINE:      SYMBOL (L1:0 B1 v=0x55dbb5d9a980 @ 0x55dbb5d983e0) type (float auto)
(null):0:}
"""
COMPILED = Compiled(TREE.replace("LINE", "3"), "; Version 4.2.0 #13081 (Linux)\n", "")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("\n\nreturn v / v;\n", True),
        ("\n\nreturn v / v; // wrong-code: ok\n", False),
        ("\n\nreturn v / v; /* wrong-code: ok float-by-itself */\n", False),
        ("\n\nreturn v / v; // wrong-code: ok lost-borrow\n", True),
        ("\n\nreturn v / v; // wrong-code: ok lost-borrow, float-by-itself\n", False),
        ("\n\nreturn v / v; // wrong-code: ok float-by-itself: v is never 0\n", False),
        ("\n\nreturn v / v; // wrong-code: ok as v is never 0, and the result stays unread\n", False),
        ("\n\nreturn v / v; // wrong-code: ok float-by-itsself\n", True),
        ("\n\nreturn v / v; // wrong-code: okay\n", True),
        ("\f\n\nreturn v / v; // wrong-code: ok\n", False),
        ("\f\n// wrong-code: ok\nreturn v / v;\n", True),
    ],
)
def test_a_comment_silences_its_own_line(source: str, told: bool) -> None:
    assert [finding.kind for finding in findings(COMPILED, False, lambda _: source)] == ["float-by-itself"] * told


def test_a_comment_in_a_file_that_the_source_names_by_a_line_directive_counts_at_once(tmp_path: Path) -> None:
    texts = {"made.c": '#line 3 "f.c"\n', "f.c": "\n\nreturn v / v;\n"}

    def kinds() -> list[str]:
        return [one.kind for one in cached(COMPILED, False, texts.get, tmp_path / "f.wrong", "made.c")]

    assert kinds() == kinds() == ["float-by-itself"]
    texts["f.c"] = texts["f.c"].replace(";", "; // wrong-code: ok")
    assert kinds() == []
    texts["f.c"] = texts["f.c"].replace(": ok", "")
    assert kinds() == ["float-by-itself"]
