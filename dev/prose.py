#!/usr/bin/env python3
"""Find sentences that a tired reader has to read twice, in Markdown and in the texts of Python files.

    python3 dev/prose.py FILE…    every finding in these files, and the sentences that you have to judge
    python3 dev/prose.py          the files that must be plain, in dev/plain.txt; `dev.py check` runs this
    python3 dev/prose.py --all    how many findings each file has
    python3 dev/prose.py --grow   add to dev/plain.txt each file that has no finding

A file that is in dev/plain.txt stays in it. RULES has the rules, each with its advice.
It needs the standard library only. The exit code is 1 if a sentence breaks a rule.
"""

from __future__ import annotations

import argparse
import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ROOT / "dev" / "plain.txt"

MOST_WORDS = 25  # in one sentence


class Block(NamedTuple):
    """Some prose: a paragraph, a list item, a cell of a table, a comment, a docstring's paragraph or a message."""

    line: int  # the line of its first character, from 1
    kind: str  # text, heading, comment, docstring or message
    text: str  # its words; one word replaces code


class Finding(NamedTuple):
    """A sentence that breaks a rule, or one that you have to judge."""

    line: int
    kind: str
    rule: str
    advice: str
    sentence: str
    judge: bool


class Rule(NamedTuple):
    """A rule of wording. Each sentence that is not a question is searched for `pattern`."""

    name: str
    pattern: re.Pattern[str]
    advice: str
    judge: bool = False  # a good sentence may have this pattern: the program shows it, but `check` lets it pass


def _rule(name: str, pattern: str, advice: str, judge: bool = False) -> Rule:
    return Rule(name, re.compile(pattern), advice, judge)


# The last four rules are about good words. Some of their uses make a sentence hard to read.
RULES = (
    _rule("nobody", r"(?i)\b(?:no|some|any)body\b", "name who acts: the tool, you, the chip"),
    _rule("shall", r"(?i)\bshall\b", "write `must`, `should` or `will`"),
    _rule("but-for", r"(?i)\bbut for\b|\bsave for\b", "write `except`"),
    _rule("nothing-but", r"(?i)\b(?:nothing|no \w+) but\b", "write `only`"),
    _rule("behind", r"(?i)^(?!.*\b(?:leave|leaves|left|leaving)\b).*\bbehind\b", "write `after`, or say where it is"),
    _rule(
        "is-no",
        r"(?i)(?<!there )(?<!here )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|other\b|match\b|such\b)[a-z]",
        "write `is not a`",
    ),
    _rule("be-had", r"(?i)\bbe had\b", "say that it is not available or cannot be installed"),
    _rule(
        "old-words",
        r"(?i)\bif need be\b|\blest\b|\bthere(?:of|in|upon)\b|\bin a way of its own\b",
        "use everyday words",
    ),
    _rule(
        "inverted",
        r"^\W*(?:So|Nor|Only then|Only here|Not until \w+) (?:is|are|was|were|does|do|did|has|have|can|may)\b"
        r"|,? (?:as|nor) (?:does|do|did|is|are|was|were|has|had|can) (?:the|a|an|its?|that|those|they|all|each|every)\b"
        r"|, so (?:is|are|does|do|can) (?:the|a|an|its|that|those)\b",
        "subject, verb, object",
    ),
    _rule("what", r"^\W*What\b.*[.;]", "name the thing instead of `what`"),
    _rule("where", r"^\W*Where\b.*[.;]", "begin with `If`, or name the place"),
    _rule("who", r"^\W*(?:Who|Whoever)\b.*[.;]", "name the person: `a user who`"),
    _rule(
        "what?",
        r", what\b|\b(?:by|of|from|with|in|on|through|beside|besides|than|like|for|to|and|but|as|all) what\b(?! to\b)",
        "name the thing instead of `what`, if that is easier to read",
        judge=True,
    ),
)

# A full stop after one of these does not end the sentence.
_ABBREVIATION = re.compile(r"(?i)(?:\b(?:e\.g|i\.e|etc|vs|cf|no|fig|approx)|…)\.$")
_END = re.compile(r"[.!?][\"'”)\]*_]*(?=\s|$)")
_CODE_LIST = re.compile(r"\bCODE\b(?:(?:,? (?:and|or)|,|/)\s*CODE\b)+")

# A message is a string of a program with at least three words in a row; other strings are names, paths and formats.
_MESSAGE = re.compile(r"[A-Za-z]{2,}[,;:]? [a-z]{1,}[,;:]? [a-z]{2,}")
_SECTIONS = re.compile(r"^(?:Args|Returns|Raises|Yields|Attributes|Note|Notes|Example|Examples|Source|Sources):$")


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield each sentence and the offset at which it begins."""
    start = 0
    for end in _END.finditer(text):
        if _ABBREVIATION.search(text[: end.end()]):
            continue
        yield start, text[start : end.end()]
        start = end.end()
    if text[start:].strip():
        yield start, text[start:]


def words(sentence: str) -> int:
    """Count the words; code counts as one, and so does a list of codes."""
    return sum(any(char.isalnum() for char in word) for word in _CODE_LIST.sub("CODE", sentence).split())


def findings(blocks: Iterable[Block]) -> Iterator[Finding]:
    """Yield the sentences that break a rule, in the order of the file."""
    for block in blocks:
        for start, raw in sentences(block.text):
            sentence = " ".join(raw.split())
            line = block.line + block.text[: start + len(raw) - len(raw.lstrip())].count("\n")
            for rule, advice, judge in _broken(sentence, block.kind):
                yield Finding(line, block.kind, rule, advice, sentence, judge)


def _broken(sentence: str, kind: str) -> Iterator[tuple[str, str, bool]]:
    count = words(sentence)
    if count > MOST_WORDS:
        yield "long", f"{count} words; at most {MOST_WORDS}, one idea each", False
    if sentence.count(";") > 1:
        yield "semicolons", "at most one in a sentence", False
    if not sentence.rstrip("\"')").endswith("?"):
        for rule in RULES:
            if rule.pattern.search(sentence):
                label = kind in ("comment", "docstring") and rule.name in ("what", "where", "who")
                yield rule.name, rule.advice, rule.judge or label


# Markdown


def markdown(text: str) -> Iterator[Block]:
    """Yield the prose of a page: no code, no links' targets."""
    lines = _without_comments(text).splitlines()
    paragraph: list[str] = []
    begin, fence, after_blank = 1, "", True

    def block() -> Iterator[Block]:
        if paragraph:
            yield Block(begin, "text", _inline("\n".join(paragraph)))
            paragraph.clear()

    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        mark = re.match(r"(`{3,}|~{3,}|:{3,})", bare)
        if fence or mark:
            if not fence and mark:
                yield from block()
                fence = "" if mark[1][0] == ":" else mark[1]
            elif bare.startswith(fence) and not bare.strip(fence[0]):
                fence = ""
            continue
        code = after_blank and line.startswith("    ")
        after_blank = not bare or code
        if not bare or code:
            yield from block()
        elif bare.startswith("|"):
            yield from block()
            yield from _cells(number, bare)
        elif bare.startswith("#"):
            yield from block()
            yield Block(number, "heading", _inline(bare.lstrip("# ")))
        else:
            if re.match(r"(?:[*+-]|\d+[.)]) ", bare):
                yield from block()
                bare = bare.partition(" ")[2]
            if not paragraph:
                begin = number
            paragraph.append(bare)
    yield from block()


def _without_comments(text: str) -> str:
    return re.sub(r"<!--.*?-->", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)


def _cells(number: int, row: str) -> Iterator[Block]:
    if re.fullmatch(r"[|:\- ]+", row):
        return
    for cell in re.split(r"(?<!\\)\|", re.sub(r"`[^`]*`", "CODE", row)):
        if cell.strip():
            yield Block(number, "text", _inline(cell.strip()))


def _inline(text: str) -> str:
    """Return the words that a reader sees, with CODE for code."""
    text = re.sub(r"(`+)(?:.|\n)+?\1", "CODE", text)
    text = re.sub(r"!?\[((?:[^\]\[]|\[[^\]]*\])*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<https?://\S+>|https?://\S+", "CODE", text)
    return re.sub(r"</?\w+[^>]*>|\*\*|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)", "", text)


# Python


def python(text: str) -> Iterator[Block]:
    """Yield the comments, docstrings and messages of a program, in the order of the file."""
    tree = ast.parse(text)
    docstrings = dict(_docstrings(tree))
    blocks = [*_comments(text), *_messages(tree, set(docstrings))]
    for node in docstrings.values():
        blocks += _paragraphs(node)
    yield from sorted(blocks, key=lambda block: block.line)


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, ast.Constant]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            value = node.body[0].value if node.body and isinstance(node.body[0], ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield id(value), value


def _paragraphs(node: ast.Constant) -> Iterator[Block]:
    """Split a docstring at empty lines, list items and the entries of sections such as Args. Leave out code."""
    lines = str(node.value).expandtabs().splitlines()
    base = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    paragraph: list[str] = []
    begin, in_section = node.lineno, False
    for number, line in enumerate([*lines, ""], start=node.lineno):
        bare = line.strip()
        depth = len(line) - len(line.lstrip()) - base if number > node.lineno else 0
        in_section = (in_section and (depth > 0 or not bare)) or bool(_SECTIONS.match(bare))
        code = bare and depth >= 4 and not in_section
        item = re.match(r"(?:[*+-]|\d+[.)]) ", bare)
        starts_entry = in_section and depth == 4 and not _SECTIONS.match(bare)
        if paragraph and (not bare or code or item or starts_entry or _SECTIONS.match(bare)):
            yield Block(begin, "docstring", _inline("\n".join(paragraph)))
            paragraph = []
        if not bare or code or _SECTIONS.match(bare):
            continue
        if not paragraph:
            begin = number
        paragraph.append(bare.partition(" ")[2] if item else bare)


def _comments(text: str) -> Iterator[Block]:
    """Yield comments. Comment lines that follow each other in one column are one comment."""
    begin, column, lines = 0, 0, [""]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        words_of_it = token.string.lstrip("#!:").strip()
        if re.match(r"noqa|type:|pragma|-- .* --|[-=]+$|/usr/bin|coding", words_of_it):
            continue
        alone = not token.line[: token.start[1]].strip()
        if alone and token.start == (begin + len(lines), column):
            lines.append(words_of_it)
            continue
        if begin:
            yield Block(begin, "comment", _inline("\n".join(lines)))
        begin, column, lines = token.start[0], token.start[1] if alone else -1, [words_of_it]
    if begin:
        yield Block(begin, "comment", _inline("\n".join(lines)))


def _messages(tree: ast.Module, docstrings: set[int]) -> Iterator[Block]:
    """Yield strings that a person reads; a value inside an f-string counts as one word."""
    inner: set[int] = set(docstrings)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner.update(id(part) for part in node.values)
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            text = node.value
        else:
            continue
        for block in markdown(text) if "\n" in text.strip("\n") else [Block(1, "message", _inline(text.strip("\n")))]:
            if _MESSAGE.search(block.text):
                yield Block(node.lineno + block.line - 1, "message", block.text)


# Files


def read(file: Path) -> list[Finding]:
    """Return the findings of one file."""
    text = file.read_text(encoding="utf-8")
    return list(findings(python(text) if file.suffix == ".py" else markdown(text)))


def _git(*arguments: str) -> list[str]:
    """Return the lines of a git command, or none if this is not a checkout or git is not installed."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def listed() -> list[str]:
    """Return the files that must be plain."""
    lines = PLAIN.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def left(now: Iterable[str], once: Iterable[str]) -> list[str]:
    """Return the existing files that were in the list before and are not in it now."""
    return sorted({name for name in once if (ROOT / name).is_file()} - set(now))


def _once() -> set[str]:
    """Return every file that a commit of this checkout has put into the list."""
    changes = _git("log", "--patch", "--format=", "--", PLAIN.relative_to(ROOT).as_posix())
    return {line[1:] for line in changes if re.match(r"\+[^+# ]", line)}


def candidates() -> list[str]:
    """Return every Markdown and Python file of the checkout."""
    return [name for name in _git("ls-files", "--", "*.md", "*.py") if (ROOT / name).is_file()]


def show(names: Iterable[str], judge: bool) -> int:
    """Print the findings of these files, and with `judge` the sentences to judge. Return the number of findings."""
    count = 0
    for name in names:
        for finding in read(Path(name)):
            count += not finding.judge
            if judge or not finding.judge:
                told = "judge: " if finding.judge else ""
                print(f"{name}:{finding.line}: {finding.rule} ({finding.kind}): {told}{finding.advice}")
                print(f"    {finding.sentence}")
    return count


def count_in(name: str) -> int:
    """Return how many sentences of a file break a rule."""
    return sum(not finding.judge for finding in read(ROOT / name))


def check() -> int:
    """Check the list and the files in it; return how many findings there are."""
    names = listed()
    gone = [name for name in names if not (ROOT / name).is_file()]
    for name in gone:
        print(f"dev/plain.txt: {name} does not exist; write the file's new name")
    away = left(names, _once())
    for name in away:
        print(f"dev/plain.txt: {name} was in this list before; put it back")
    return (
        len(gone) + len(away) + show([os.path.relpath(ROOT / name) for name in names if name not in gone], judge=False)
    )


def grow() -> None:
    """Add the files without a finding to the list."""
    head = [line for line in PLAIN.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    plain = {*listed(), *(name for name in candidates() if not count_in(name))}
    PLAIN.write_text("\n".join([*head, *sorted(plain)]) + "\n", encoding="utf-8")


def main() -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a sentence may have a µ, and a terminal may not
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--all", action="store_true", help="count the findings of every file")
    parser.add_argument("--grow", action="store_true", help="add files without a finding to dev/plain.txt")
    options = parser.parse_args()
    if options.all:
        counts = sorted((count_in(name), name) for name in candidates())
        print("\n".join(f"{count:4} {name}" for count, name in counts))
        return 0
    if options.grow:
        grow()
        return 0
    count = show(options.files, judge=True) if options.files else check()
    if count:
        print(f"findings: {count}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
