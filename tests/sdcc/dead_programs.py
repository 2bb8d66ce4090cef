"""Random programs of several files, of which the generator knows what they reach.

A function reaches others by a call, by a table of pointers, or by a variable that holds a pointer. Static functions and
constants have the same names in each file.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from .machine import OUT

MASK = 0xFFFF


@dataclass
class Constant:
    """A table of numbers."""

    name: str
    values: list[int]

    def text(self, word: str) -> str:
        """Return its definition."""
        return f"{word}const unsigned {self.name}[] = {{ {', '.join(map(str, self.values))} }};"


@dataclass
class Called:
    """A function: what it adds and what it calls, in order."""

    number: int
    file: int
    static: bool
    name: str
    factor: int
    constant: Constant
    string: str
    calls: list[tuple[str, Called]] = field(default_factory=list)  # the way, and the function

    def value(self, given: int) -> int:
        """Return what the function returns by a right compiler."""
        result = (given * self.factor + self.constant.values[given & 3] + len(self.string)) & MASK
        for _, function in self.calls:
            result ^= function.value(result & 0xFF)
        return result


@dataclass
class Dead:
    """A program: its functions by file, and those that main calls."""

    seed: int
    files: int = 3
    library_files: int = 2
    functions: list[Called] = field(default_factory=list)
    starts: list[Called] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the program of the seed."""
        chance = random.Random(self.seed)
        for number in range(chance.randint(12, 30)):
            static = chance.random() < 0.4
            file = chance.randrange(self.files + self.library_files)
            before = sum(one.static for one in self.functions if one.file == file)
            name = f"help{before}" if static else f"f{number}"
            constant = Constant(f"{name}_table", [chance.randrange(1 << 16) for _ in range(4)])
            string = "".join(chance.choice("abc;,'") for _ in range(chance.randint(1, 9)))
            self.functions.append(Called(number, file, static, name, chance.randint(1, 99), constant, string))
        for function in self.functions:
            later = [
                one for one in self.functions[function.number + 1 :] if not one.static or one.file == function.file
            ]
            for other in chance.sample(later, min(len(later), chance.choice((0, 0, 1, 1, 2)))):
                function.calls.append((chance.choice(("call", "call", "table", "variable")), other))
        public = [one for one in self.functions if not one.static]
        self.starts = chance.sample(public, min(len(public), chance.randint(1, 3)))

    def reached(self) -> set[int]:
        """Return the numbers of the functions that the program reaches.

        A variable with a pointer is initialised data, which stays; so the function that it points to stays, too, if the
        file is in the program.
        """
        linked = set(range(self.files))
        found: set[int] = set()
        work = list(self.starts)
        while True:
            for function in self.functions:
                if function.file in linked:
                    work += [other for way, other in function.calls if way == "variable"]
            work = [one for one in work if one.number not in found]
            if not work:
                return found
            for function in work:
                found.add(function.number)
                linked.add(function.file)
            work = [other for function in work for _, other in function.calls]

    def expected(self) -> list[int]:
        """Return the results by a right compiler."""
        return [function.value(7 * place) for place, function in enumerate(self.starts)]

    def sources(self) -> dict[str, str]:
        """Return the files that are always linked; the first one has main."""
        found = {f"file{number}.c": self._text(number) for number in range(self.files)}
        calls = "".join(f"    PUT3({function.name}({7 * place}));\n" for place, function in enumerate(self.starts))
        prototypes = "".join(f"unsigned {function.name}(unsigned given);\n" for function in self.starts)
        main = f'void main(void)\n{{\n{calls}    __asm__("break");\n    for (;;) ;\n}}\n'
        return {"main.c": f"{OUT}{prototypes}{main}", **found}

    def library(self) -> dict[str, str]:
        """Return the files of the library."""
        numbers = range(self.files, self.files + self.library_files)
        return {f"part{number}.c": self._text(number) for number in numbers if self._own(number)}

    def place(self, function: Called) -> str:
        """Return the file of a function as `Dropped.file` has it."""
        return f"src/file{function.file}.c" if function.file < self.files else f"lib_lib/part{function.file}.c"

    def _own(self, number: int) -> list[Called]:
        return [function for function in self.functions if function.file == number]

    def _text(self, number: int) -> str:
        lines = ["static unsigned length(const char *text) { unsigned n = 0; while (*text++) n++; return n; }"]
        own = self._own(number)
        others = [other for function in own for _, other in function.calls]
        for function in {one.number: one for one in (*own, *others)}.values():
            lines.append(f"{'static ' * function.static}unsigned {function.name}(unsigned given);")
        for function in own:
            word = "static " * function.static
            lines.append(function.constant.text(word))
            body = []
            for place, (way, other) in enumerate(function.calls):
                pointer = f"{function.name}_way{place}"
                if way == "table":
                    lines.append(f"static unsigned (*const {pointer}[])(unsigned) = {{ {other.name}, {other.name} }};")
                elif way == "variable":
                    lines.append(f"unsigned (*{pointer}_{number})(unsigned) = {other.name};")
                called = {"call": other.name, "table": f"{pointer}[result & 1]", "variable": f"{pointer}_{number}"}[way]
                body.append(f"    result ^= {called}(result & 0xFF);")
            lines += [
                f"{word}unsigned {function.name}(unsigned given)\n{{",
                f"    unsigned result = given * {function.factor} + {function.constant.name}[given & 3];",
                f'    result += length("{function.string}");',
                *body,
                "    return result;\n}",
            ]
        return "\n".join(lines) + "\n"
