"""The index of docs/errors.md, which has a row for each code: part of what docs/make_docs.py makes.

The rows are those of `stm8tool.codes`. The headings of the page say where to look. A code without a section gets a
draft of one, after the section of the code before it. The tests fail until the draft is filled in.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "tool"))  # this one, not one that is installed

from stm8tool.codes import Code  # noqa: E402

BEGIN = "<!-- This table is made by docs/make_docs.py. -->\n"
END = "<!-- The table ends here. -->\n"


DRAFT = "(write this)"
SECTION = """### {value}

{ends}. {meaning}.

* **Cause**: {draft}
* **Evidence**: {draft}
* **Steps**: {draft}
* **See it**:

```console
$ stm8tool {draft}
```

"""


def draft(code: Code) -> str:
    """Return the section of a new code, to be filled in."""
    ends = f"Exit code {code.exit_code}" if code.exit_code else "A warning, exit code 0"
    meaning = code.meaning[0].upper() + code.meaning[1:]
    return SECTION.format(value=code.value, ends=ends, meaning=meaning, draft=DRAFT)


def with_drafts(text: str) -> str:
    """Return the sections of the page, with a draft for each code that has none."""
    before = ""
    for code in Code:
        if not re.search(rf"^### {code.value}$", text, re.MULTILINE):
            found = re.search(rf"^### {before}\n(?:(?!##).*\n)*", text, re.MULTILINE)
            if not found:
                raise ValueError(f"docs/errors.md has no section {before}: put the row of {code.value} after another")
            text = f"{text[: found.end()].rstrip()}\n\n{draft(code)}{text[found.end() :]}"
        before = code.value
    return text.rstrip("\n") + "\n"


def places(page: str) -> list[tuple[str, list[Code]]]:
    """Return each heading of the page with the codes below it, in the order of the page."""
    by_value = {code.value: code for code in Code}
    found: list[tuple[str, list[Code]]] = []
    for place, code in re.findall(r"^(?:## (.+)|### (E-[A-Z-]+))$", page, re.MULTILINE):
        if place:
            found.append((place, []))
        elif code not in by_value:
            raise ValueError(
                f"docs/errors.md: {code} is not in tool/stm8tool/codes.py: add its row, or remove the section"
            )
        else:
            found[-1][1].append(by_value[code])
    return found


def index(page: str) -> str:
    """Return the table."""
    lines = ["| Where to look | Code | Exit code | What it means |", "|---|---|---|---|"]
    for place, codes in places(page):
        for code in codes:
            where = f" {place}" if code is codes[0] else ""
            link = f"[{code.value}](#{code.value.lower()})"
            ends = str(code.exit_code) if code.exit_code else "0, a warning"
            lines.append(f"|{where} | {link} | {ends} | {code.meaning} |")
    return "".join(f"{line}\n" for line in lines)


def page_of(page: str) -> str:
    """Return the page with its index as it should be."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/errors.md has no place for the index")
    after = with_drafts(after)
    return f"{before}{BEGIN}\n{index(after)}\n{END}{after}"
