"""A second look at a finding, at the source as the user wrote it and at the assembler. Pure: no SCons in here.

SDCC folds constants before it prints its tree. So for some kinds the rule finds places that may be wrong, and the line
of C or its instructions show whether they are.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Optional

from .syntax_tree import Node
from .wrong_assembler import Code

_DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)(?:\([^)]*\))?[ \t]+(.*)$", re.MULTILINE)
_DEFINE_OF_A_VALUE = re.compile(r"^\s*#\s*define\s+(\w+)[ \t]+([^\n]*[^\n\\])$", re.MULTILINE)
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"\n]+)"', re.MULTILINE)
_VOLATILE = re.compile(r"\bvolatile\b([^;={}()]*(?:\([^)]*\)[^;={}()]*)?[;=])")
_DECLARED = re.compile(r"\b([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*[;=,]")
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_UNSIGNED = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)[uU][lL]*\b")
_BITWISE = re.compile(r"(?<!\|)\|(?!\|)|\^")
_AT_BITWISE = re.compile(r"(?:[|^]=?|^)[\s(]*(?:\([\w\s]+\)\s*)?-[\s(]*\w+\)*|-[\s(]*\w+[\s)]*(?=[|^])")
_NUMBER = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)\b")
_MINUS = re.compile(r"-\s*(?:(\()\s*)?(0[xX][0-9a-fA-F]+|\d+)[uUlL]*(?(1)\s*\))")
# The minus of a number, and not that between two values: what stands before it is not the end of a value.
_NEGATIVE = re.compile(
    r"(?:^|[-+*/%&|^~!<>=?:,;(\[{}]|\breturn\b|\bcase\b"
    r"|\(\s*(?:un)?(?:signed|int|char|short|long|\w+_t)\b[\w\s]*\))[ \t]*" + _MINUS.pattern,
    re.MULTILINE,
)
_UNSIGNED_CAST = re.compile(r"\(\s*(?:unsigned(?:\s+int)?|[uU]\w*|\w+_t)\s*\)\s*[\w(*]")
_UNSIGNED_BYTE_CAST = re.compile(r"\(\s*(?:unsigned\s+char|char|uint8_t|u8)\s*\)")
_BYTE_CAST = re.compile(r"\(\s*(?:(?:un)?signed\s+char|char|u?int8_t|[us]8)\s*\)")
_CAST_OF_ALL = re.compile(r"\(\s*(?!_Bool\b|bool\b)[A-Za-z_]\w*(?:\s+\w+)*\s*\)\s*\(")
_SIGNED_CAST = re.compile(  # of an expression that has an unsigned constant
    r"\(\s*(?:signed(?:\s+(?:int|char))?|int|short|int16_t|int8_t)\s*\)\s*"
    r"\([^()]*(?:\([^()]*\)[^()]*)*\b(?:0[xX][0-9a-fA-F]+|\d+)[uU]\b"
)
_CAST_TO_SIGNED = re.compile(  # of a constant, which is then compared as it should be
    r"\(\s*(?:signed\s+)?(?:int|short|long(?:\s+long)?|int(?:16|32|64)_t)(?:\s+int)?\s*\)\s*"
    r"\(?\s*(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*"
)
_TO_SIGNED_BYTE = re.compile(r"\((?:signed\s+char|int8_t)\)\s*\(?\s*(0[xX][0-9a-fA-F]+|\d+)")
_TO_UNSIGNED_BYTE = re.compile(r"\((?:unsigned\s+char|uint8_t)\)[\s(]*(-?)[\s(]*(0[xX][0-9a-fA-F]+|\d+)")
_STORE = re.compile(r"^\t(ldw?|mov|clr|inc)\t(?![axy]\b|[xy][hl]\b|[^\n,]*\bsp\))[^\n]+$", re.MULTILINE)
_NEGATED = re.compile(r"-\s*(?:\([^()]*\)\s*)?(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|!)")
_COMPARISON = re.compile(r"[<>=!]=|&&|\|\||!|(?<![-<>])>(?!>)|(?<!<)<(?!<)|_Bool|\bbool\b")
_COMPARES = re.compile(r"(?<![-<>])>(?![>=])|(?<!<)<=")
_CHANGES = re.compile(r"(?:[-+*/%&|^]|<<|>>)=|\+\+|--")
_CHANGES_BITS = re.compile(r"^\t(?:or\ta, \(1, sp\)|bccm\t)", re.MULTILINE)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_PLAIN = re.compile(r"(?<![-+*/%&|^<>=!])=(?!=)")
_CHANGES_AN_ELEMENT = re.compile(
    r"\](?:(?:\.|->)\w+|\s|\))*(?:(?:[-+*/%&|^]|<<|>>)=|\+\+|--)|(?:\+\+|--)[\w\s(*.>-]*\["
)
_LITERAL = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|//[^\n]*|/\*.*?\*/")
_SIZE = re.compile(r"[<>]=?[\s(]*sizeof\b|\bsizeof\b[^;?:&|]*[<>]")
_CAST_OF_A_SIZE = re.compile(r"\(\s*\w[\w\s]*\)[\s(]*sizeof\b")
_STEPS_OUT_OF_MACROS = 3
_HEADERS = (".", "../include")  # from the folder of a source


class Source:
    """The text of the files of a program, by line."""

    def __init__(self, read: Callable[[str], Optional[str]]) -> None:
        """Take what gives the text of a file, or None."""
        self._read = read
        self._texts: dict[str, list[str]] = {}
        self._macros: Optional[dict[str, str]] = None
        self._values: dict[str, dict[str, str]] = {}

    def lines(self, file: str) -> list[str]:
        """Return the lines of a file; none if it is not there."""
        if file not in self._texts:
            self._texts[file] = (self._read(file) or "").split("\n")  # a form feed ends no line, as for SDCC
        return self._texts[file]

    def line(self, file: str, number: int) -> str:
        """Return a line, counted from 1; empty if there is none."""
        lines = self.lines(file)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def volatiles(self, file: str, number: int) -> list[str]:
        """Return the names in a line that the file declares as volatile."""
        declared = {
            word
            for line in self.lines(file)
            for declaration in _VOLATILE.findall(line)
            for word in _DECLARED.findall(declaration)
            if "*" not in declaration
        }
        return sorted(declared.intersection(_WORD.findall(self.line(file, number))))

    def written(self, file: str, number: int, files: Iterable[str]) -> str:
        """Return a line, and the macros in it as the files of the program define them."""
        if self._macros is None:
            texts = "\n".join("\n".join(self.lines(each)) for each in {file, *files})
            self._macros = {match[1]: match[2] for match in _DEFINE.finditer(texts)}
        text = self.line(file, number)
        for _ in range(_STEPS_OUT_OF_MACROS):
            names = [name for name in _WORD.findall(text) if name in self._macros]
            text += "".join(f"\n{self._macros[name]}" for name in names if self._macros[name] not in text)
        return text

    def expanded(self, file: str, number: int) -> str:
        """Return a line, with macros without parameters written out, as the file and the headers beside it have them.

        A macro with several definitions stays as it is.
        """
        if file not in self._values:
            self._values[file] = self._values_of(file)
        values = self._values[file]
        text = self.line(file, number)
        for _ in range(_STEPS_OUT_OF_MACROS):
            text = _WORD.sub(lambda word: values.get(word[0], word[0]), text)
        return text

    def _values_of(self, file: str) -> dict[str, str]:
        seen, waiting = {file}, [file]
        found: dict[str, set[str]] = {}
        while waiting:
            name = waiting.pop()
            text = "\n".join(self.lines(name))
            for match in _DEFINE_OF_A_VALUE.finditer(text):
                found.setdefault(match[1], set()).add(match[2].split("//")[0].split("/*")[0].strip())
            folders = [PurePath(name).parent / way for way in _HEADERS]
            beside = {os.path.normpath(folder / each) for each in _INCLUDE.findall(text) for folder in folders}
            waiting += sorted(beside - seen)
            seen |= beside
        return {name: bodies.pop() for name, bodies in found.items() if len(bodies) == 1}


def _is_folded(node: Node, text: str, code: Code) -> bool:
    return code.is_folded(node.file, node.line)


def _stores_eight_bytes(node: Node, text: str, code: Code) -> bool:
    """Whether a line stores eight bytes where a word of the stack points to."""
    instructions = code.of_line(node.file, node.line)
    return (
        re.search(r"^\tldw\t([xy]), \(0x0[34], sp\)\n(?:\t.*\n)*?\tldw\t\(#?(?:0x)?0*6, \1\)", instructions, re.M)
        is not None
    )


def _is_shifted_in_place(node: Node, text: str, code: Code) -> bool:
    name = re.escape(node.children[0].name)
    return (
        re.search(rf"^\t(?:sll|sla|srl|sra)\t_?{name}\b", code.of_line(node.file, node.line), re.MULTILINE) is not None
    )


def _is_unread(node: Node, text: str, code: Code) -> bool:
    instructions = code.of_line(node.file, node.line)
    return re.search(r"^\t(?!ret)\w+\t[^\n]*(?:\(|\[|0x)", instructions, re.MULTILINE) is None


def _is_untouched(node: Node, text: str, code: Code) -> bool:
    variable = node if node.kind == "SYMBOL" else node.children[0]
    return not touches([variable.name], code.of_line(node.file, node.line))


def touches(names: list[str], instructions: str) -> bool:
    """Tell whether instructions may use one of some variables; places on the stack are none of them."""
    elsewhere = re.sub(r"\([^()]*\bsp\)", "", instructions)
    return re.search(rf"\b_?(?:{'|'.join(map(re.escape, names))})\b|\[|\(", elsewhere) is not None


def _has_a_compound_assignment(node: Node, text: str, code: Code) -> bool:
    """Whether the element itself is changed by one operator; another operator of the line may belong elsewhere."""
    if not _CHANGES.search(text):
        return False
    brackets = [set(_WORD.findall(each)) for each in _BRACKETS.findall(text)]
    is_written_out = _PLAIN.search(text) and any(one & two for one, two in zip(brackets, brackets[1:]))
    return not is_written_out or _CHANGES_AN_ELEMENT.search(text) is not None


def _has_the_constant_as_unsigned(node: Node, text: str, code: Code) -> bool:
    if _SIGNED_CAST.search(text):
        return False  # in the tree it is the same as the cast that SDCC adds, or there is none
    values = [child.value or 0 for child in node.children if child.kind == "CONSTANT"]
    bits = 8 * max(2, node.type.size)
    return any((_number(number) - value) % (1 << bits) == 0 for number in _UNSIGNED.findall(text) for value in values)


def _compares(node: Node, text: str, code: Code) -> bool:
    return _COMPARES.search(text) is not None


def _number(text: str) -> int:
    return int(text, 0 if text[:2] in ("0x", "0X") else 10)


def _has_a_constant_that_was_cut(node: Node, text: str, code: Code) -> bool:
    constants = [child for child in node.children if child.kind == "CONSTANT"]
    size = next((child.type.size for child in node.children if child.kind != "CONSTANT"), 0)
    for number, suffix in _NUMBER.findall(_CAST_TO_SIGNED.sub("", text)):
        value = _number(number)
        unsigned = "u" in suffix.lower() or value > 0x7FFF
        is_cut = any((value - (child.value or 0)) % (1 << 8 * size) == 0 for child in constants)
        if is_cut and unsigned and value >= 1 << 8 * size - 1 and suffix.lower() != "l":
            return True
    return False


def _has_a_constant_of_the_other_sign(node: Node, text: str, code: Code) -> bool:
    """Whether the constant of a byte fits 8 bits, but not the type of the byte: -3 and unsigned, or 0x80 and signed."""
    values = [child.value or 0 for child in node.children if child.kind == "CONSTANT"]
    to_signed = {_number(match[1]) for match in _TO_SIGNED_BYTE.finditer(text)}
    written, _, macros = text.partition("\n")
    nearby = "\n".join((*_AT_BITWISE.findall(written), macros)) if _BITWISE.search(written) else text
    negative = {-_number(number) for _, number in _NEGATIVE.findall(nearby)}
    negative |= {number % 256 - 256 for number in to_signed if number % 256 > 127}
    positive = {_number(number) for number, _ in _NUMBER.findall(_MINUS.sub("", text))} - to_signed
    positive |= {int(f"{sign}{_number(number)}") % 256 for sign, number in _TO_UNSIGNED_BYTE.findall(text)}
    if node.kind == "&" and not _UNSIGNED_BYTE_CAST.search(text):
        return False  # SDCC works with an int then
    if node.type.signed:
        return any(127 < number < 256 and (number - value) % 256 == 0 for number in positive for value in values)
    return any(-129 < number < 0 and (number - value) % 256 == 0 for number in negative for value in values)


def _stores_half(node: Node, text: str, code: Code) -> bool:
    """Whether a line stores fewer bytes than its value has."""
    stores = _STORE.findall(code.of_line(node.file, node.line))
    return sum(2 if word == "ldw" else 1 for word in stores) < node.type.size


def _negates_a_comparison(node: Node, text: str, code: Code) -> bool:
    """Whether a line has the minus of a comparison, of `!`, or of a macro that may be one."""
    _, _, macros = text.partition("\n")
    for inside in _NEGATED.findall(text):
        if _COMPARISON.search(inside) or (_WORD.search(inside) and _COMPARISON.search(macros)):
            return True
    return False


def _decides_nothing(node: Node, text: str, code: Code) -> bool:
    instructions = code.of_line(node.file, node.line)
    return bool(instructions) and re.search(r"^\tj(?!ra\b|p\b)", instructions, re.MULTILINE) is None


def _has_a_choice_that_the_tree_lacks(node: Node, text: str, code: Code) -> bool:
    """Whether a line has more choices than SDCC has left in its tree."""
    while node.parent:
        node = node.parent
    left = sum(below.kind == "QUEST(?)" for below in node.walk())
    return _LITERAL.sub("", text).count("?") > left


def _compares_no_case(node: Node, text: str, code: Code) -> bool:
    """Whether a switch has a table of jumps, or nothing at all."""
    return re.search(r"^\tjr(?:eq|ne)\t", code.of_line(node.file, node.line), re.MULTILINE) is None


def _has_a_negative_constant(node: Node, text: str, code: Code) -> bool:
    values = [child.value or 0 for child in node.children if child.kind == "CONSTANT"]
    return any((-_number(number) - value) % 256 == 0 for _, number in _NEGATIVE.findall(text) for value in values)


def _compares_with_a_size(node: Node, text: str, code: Code) -> bool:
    """Whether a line compares with `sizeof`, and the constant that SDCC compares with is not written there."""
    values = {child.value for child in node.children if child.kind == "CONSTANT"}
    written = {_number(number) for number, _ in _NUMBER.findall(text)}
    return _SIZE.search(text) is not None and _CAST_OF_A_SIZE.search(text) is None and not values & written


def _casts_nothing_to_unsigned(node: Node, text: str, code: Code) -> bool:
    return not _casts_to_unsigned(node, text, code)


def _casts_nothing_to_a_byte(node: Node, text: str, code: Code) -> bool:
    return _BYTE_CAST.search(text) is None


def _casts_no_brackets(node: Node, text: str, code: Code) -> bool:
    """Whether a line has no cast of something in brackets; SDCC leaves out that to unsigned char of a product."""
    return _CAST_OF_ALL.search(text) is None


def _casts_to_unsigned(node: Node, text: str, code: Code) -> bool:
    return _UNSIGNED_CAST.search(text) is not None


def _is_in_memory_or_changes_bits(node: Node, text: str, code: Code) -> bool:
    """Whether a store goes to memory: SDCC may keep a part of a local variable in a register."""
    place = node.children[0]
    leads_there = place.kind == "DEREF" or (place.kind == "ARRAY_OP" and "*" in place.children[0].type.text)
    instructions = code.of_line(node.file, node.line)
    return leads_there or not place.is_local() or _CHANGES_BITS.search(instructions) is not None


# The node that a rule found, the line of C with the macros in it, the assembler of the file.
Question = Callable[[Node, str, Code], bool]

CONFIRMATIONS: dict[str, Question] = {
    "long-constant": _is_folded,
    "misplaced-result": _stores_eight_bytes,
    "shift-in-place": _is_shifted_in_place,
    "unread": _is_unread,
    "untouched": _is_untouched,
    "index-read-twice": _has_a_compound_assignment,
    "signed-or-unsigned": _has_the_constant_as_unsigned,
    "byte-and-constant": _has_a_constant_of_the_other_sign,
    "choice-by-a-constant": _has_a_choice_that_the_tree_lacks,
    "minus-of-a-choice": _has_a_choice_that_the_tree_lacks,
    "long-by-itself": _stores_half,
    "product-as-truth": _casts_no_brackets,
    "minus-of-true": _negates_a_comparison,
    "choice-of-false": _decides_nothing,
    "stored-as-a-field": _is_in_memory_or_changes_bits,
    "switch-of-unsigned": _compares_no_case,
}
INITIAL_QUESTIONS: dict[str, Question] = {
    "cut-constant": _has_a_constant_that_was_cut,
    "field-against-negative": _has_a_negative_constant,
    "field-cast": _casts_to_unsigned,
    "field-and-byte": _casts_nothing_to_a_byte,
    "remainder-of-true": _casts_nothing_to_a_byte,
    "upper-half": _compares,
    "index-read-twice": _has_a_compound_assignment,
    "shift-by-unsigned": _casts_nothing_to_unsigned,
}
DOUBTS: dict[str, Question] = {"upper-half": _compares, "cut-constant": _compares_with_a_size}
