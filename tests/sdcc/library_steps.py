"""Random steps of programs that use SDCC's library and floats.

The programs avoid what C leaves open. They also avoid surprises of SDCC's library, which the folder findings lists:
white space before a number, precision and `#` of printf, and floats that need rounding. Differences of two comparisons
and `x / x` are known to come out wrong, so no program has them.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from .library_programs import BUFFERS, LENGTH, NUMBERS, Reported, State, Step, Steps
from .standard import INT, S32, S64, U8, U32, UINT, Type, UndefinedError, binary, literal

TEXTS = ("", "a", "ab", "stm8", "8", "abcabc", "m8s", "-12", "0x1F", "c", "bca", "zz top", "Hello", "%")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def contents(state: State, buffer: int) -> Reported:
    """Report a buffer, four bytes at a time."""
    held = state.buffers[buffer]
    return [
        (U32, f"*(unsigned long *)(b{buffer} + {at})", int.from_bytes(held[at : at + 4], "big"))
        for at in range(0, LENGTH, 4)
    ]


def single(value: float) -> float:
    """Return the value if a float holds it exactly."""
    found: float = struct.unpack(">f", struct.pack(">f", value))[0]
    if found != value or (value and not 2**-60 < abs(value) < 2**60):
        raise UndefinedError("it would be rounded")
    return found


def bits(value: float) -> int:
    return int.from_bytes(struct.pack(">f", value), "big")


class StepMaker:
    """Makes a program of a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.makers = (
            *(self.fill, self.copy, self.move, self.compare, self.find_byte, self.text_copy, self.text_copy),
            *(self.text_look, self.text_look, self.parse, self.parse, self.print_, self.print_, self.sort),
            *(self.variadic, self.letters, self.absolute),
            *(self.real, self.real, self.real_compare, self.real_convert, self.real_parts, self.product),
        )

    def program(self, length: int = 14) -> Steps:
        """Return a whole program."""
        state = State()
        steps: list[Step] = []
        while len(steps) < length:
            step = self.random.choice(self.makers)()
            after = state.copy()
            try:
                step.run(after)
            except UndefinedError:
                continue
            steps.append(step)
            state = after
        return Steps(tuple(steps))

    def number(self, kind: Type) -> int:
        if self.random.random() < 0.4:
            limit = self.random.choice([kind.low, kind.high, 0, 255, 0x8000, 0x10000])
            return kind.wrap(limit + self.random.randint(-2, 2))
        return kind.wrap(self.random.getrandbits(self.random.choice((4, 8, 16, kind.bits))))

    def two_buffers(self) -> tuple[int, int]:
        one, two = self.random.sample(range(BUFFERS), 2)
        return one, two

    def span(self) -> tuple[int, int]:
        start = self.random.randrange(LENGTH)
        return start, self.random.randint(0, LENGTH - start)

    def word(self) -> str:
        return self.random.choice(TEXTS)

    # -- bytes ------------------------------------------------------------------------------------------------------

    def fill(self) -> Step:
        buffer, (start, length), value = self.random.randrange(BUFFERS), self.span(), self.random.randint(-1, 300)

        def run(state: State) -> Reported:
            state.store(buffer, start, bytes([value & 0xFF] * length))
            return contents(state, buffer)

        return Step("memset", f"memset(b{buffer} + {start}, {value}, {length});", run)

    def copy(self) -> Step:
        (to, of), (start, length) = self.two_buffers(), self.span()
        at = self.random.randint(0, LENGTH - length)

        def run(state: State) -> Reported:
            state.store(to, at, bytes(state.buffers[of][start : start + length]))
            return contents(state, to)

        return Step("memcpy", f"memcpy(b{to} + {at}, b{of} + {start}, {length});", run)

    def move(self) -> Step:
        buffer, (start, length) = self.random.randrange(BUFFERS), self.span()
        at = self.random.randint(0, LENGTH - length)

        def run(state: State) -> Reported:
            state.store(buffer, at, bytes(state.buffers[buffer][start : start + length]))
            return contents(state, buffer)

        return Step("memmove", f"memmove(b{buffer} + {at}, b{buffer} + {start}, {length});", run)

    def compare(self) -> Step:
        (one, two), (start, length) = self.two_buffers(), self.span()

        def run(state: State) -> Reported:
            first, second = (bytes(state.buffers[each][start : start + length]) for each in (one, two))
            return [(S32, "n0", (first > second) - (first < second))]

        code = f"n0 = memcmp(b{one} + {start}, b{two} + {start}, {length}); n0 = SIGN(n0);"
        return Step("memcmp", code, run)

    def find_byte(self) -> Step:
        buffer, value = self.random.randrange(BUFFERS), self.random.choice((0, 97, 98, 255))

        def run(state: State) -> Reported:
            return [(INT, shown, state.buffers[buffer].find(value))]

        shown = f"(end ? (int)((unsigned char *)end - b{buffer}) : -1)"
        return Step("memchr", f"end = memchr(b{buffer}, {value}, {LENGTH});", run)

    # -- texts ------------------------------------------------------------------------------------------------------

    def text_copy(self) -> Step:
        buffer, text, start = self.random.randrange(BUFFERS), self.word(), self.random.randint(0, 6)
        length, way = self.random.randint(0, 8), self.random.choice(("strcpy", "strncpy", "strcat", "strncat"))
        given = text.encode()

        def run(state: State) -> Reported:
            if way == "strcpy":
                state.store(buffer, start, given + b"\0")
            elif way == "strncpy":
                state.store(buffer, start, given[:length].ljust(length, b"\0"))
            else:
                after = start + len(state.text(buffer, start))
                state.store(buffer, after, (given if way == "strcat" else given[:length]) + b"\0")
            return contents(state, buffer)

        more = f", {length}" if "n" in way else ""
        return Step(way, f"{way}((char *)b{buffer} + {start}, {quoted(text)}{more});", run)

    def text_look(self) -> Step:
        buffer, text = self.random.randrange(BUFFERS), self.word()
        letter = self.random.choice((0, *b"abs8m-"))
        way = self.random.choice(
            ("strlen", "strcmp", "strncmp", "strchr", "strrchr", "strstr", "strspn", "strcspn", "strpbrk")
        )
        at, given = f"(char *)b{buffer}", quoted(text)
        code = {
            "strlen": f"n1 = strlen({at});",
            "strcmp": f"n1 = strcmp({at}, {given}); n1 = SIGN(n1);",
            "strncmp": f"n1 = strncmp({at}, {given}, 2); n1 = SIGN(n1);",
            "strchr": f"end = strchr({at}, {letter}); n1 = end ? end - {at} : -1;",
            "strrchr": f"end = strrchr({at}, {letter}); n1 = end ? end - {at} : -1;",
            "strstr": f"end = strstr({at}, {given}); n1 = end ? end - {at} : -1;",
            "strspn": f"n1 = strspn({at}, {given});",
            "strcspn": f"n1 = strcspn({at}, {given});",
            "strpbrk": f"end = strpbrk({at}, {given}); n1 = end ? end - {at} : -1;",
        }[way]

        def run(state: State) -> Reported:
            held, other = state.text(buffer), text.encode()
            inside = [byte in other for byte in held]
            first, second = held + b"\0", other + b"\0"
            value = {
                "strlen": len(held),
                "strcmp": (first > second) - (first < second),
                "strncmp": (first[:2] > second[:2]) - (first[:2] < second[:2]),
                "strchr": first.find(letter),
                "strrchr": first.rfind(letter),
                "strstr": held.find(other),
                "strspn": (*inside, False).index(False),
                "strcspn": (*inside, True).index(True),
                "strpbrk": inside.index(True) if True in inside else -1,
            }[way]
            return [(S32, "n1", value)]

        return Step(way, code, run)

    def parse(self) -> Step:
        base, value = self.random.choice((10, 10, 16, 2, 36, 8)), self.number(S32)
        way = self.random.choice(("strtol", "strtol", "strtoul", "atoi", "atol"))
        if way.startswith("ato"):
            base = 10
        if way in ("strtoul", "atoi"):
            value = abs(value) & (0x7FFF if way == "atoi" else 0xFFFFFFFF)
        digits = in_base(abs(value), base)
        text = self.random.choice(("", " ")) + ("-" if value < 0 else "") + digits + self.random.choice(("", "!", " 5"))
        used = len(text) - len(text.lstrip()) + (value < 0) + len(digits)
        if way.startswith("ato"):
            return Step(way, f"n2 = {way}({quoted(text)});", reporting(2, value))
        code = f"{{ static char *text = {quoted(text)}; n2 = {way}(text, &end, {base}); n1 = end - text; }}"
        return Step(way, code, lambda state: [(S32, "n2", value), (S32, "n1", used)])

    # -- printf -----------------------------------------------------------------------------------------------------

    def print_(self) -> Step:
        buffer, parts, given, made = self.random.randrange(BUFFERS), [], [], ""
        for _ in range(self.random.randint(1, 3)):
            way = self.random.choice(("d", "u", "x", "X", "ld", "lu", "lx", "c", "s", "o"))
            flags = self.random.choice(("", "", "5", "-5", "05", "+", " ", "3")) if way not in ("c",) else ""
            if way == "s":
                flags = self.random.choice(("", "6", "-6"))
            if way[-1] != "d" and flags in ("+", " "):
                flags = ""
            kind = {"d": INT, "u": UINT, "x": UINT, "X": UINT, "o": UINT, "ld": S32, "lu": U32, "lx": U32}.get(way)
            if kind:
                value = self.number(kind)
                given.append(literal(kind, value))
                made += f"%{flags}{way[-1]}" % value
            elif way == "c":
                letter = self.random.choice(b"aZ8%")
                given.append(f"'{chr(letter)}'")
                made += chr(letter)
            else:
                word = self.word()
                given.append(quoted(word))
                made += f"%{flags}s" % word
            parts.append(f"%{flags}{way}")
            separator = self.random.choice((",", " ", "%%"))
            parts.append(separator)
            made += separator.replace("%%", "%")

        def run(state: State) -> Reported:
            state.store(buffer, 0, made.encode() + b"\0")
            return [*contents(state, buffer), (S32, "n3", len(made))]

        return Step("sprintf", f'n3 = sprintf((char *)b{buffer}, "{"".join(parts)}", {", ".join(given)});', run)

    # -- numbers ----------------------------------------------------------------------------------------------------

    def sort(self) -> Step:
        values = [self.number(INT) for _ in range(self.random.randint(1, 8))]
        sought = self.random.choice(values) if self.random.random() < 0.6 else self.number(INT)

        def run(state: State) -> Reported:
            ordered = sorted(values)
            return [
                *((INT, f"order[{place}]", value) for place, value in enumerate(ordered)),
                (U8, "end != 0", int(sought in values)),
            ]

        assigned = " ".join(f"order[{place}] = {literal(INT, value)};" for place, value in enumerate(values))
        size = f"{len(values)}, sizeof(int), less"
        search = f"int v = {literal(INT, sought)}; end = bsearch(&v, order, {size});"
        code = f"{assigned} qsort(order, {size}); {{ {search} }}"
        return Step("qsort", code, run)

    def variadic(self) -> Step:
        kinds = "".join(self.random.choice("li") for _ in range(self.random.randint(0, 4)))
        values = [self.number(S32 if kind == "l" else INT) for kind in kinds]
        given = "".join(f", {literal(S32 if kind == 'l' else INT, value)}" for kind, value in zip(kinds, values))

        def run(state: State) -> Reported:
            total = 0
            for value in values:
                for part in (total * 3, total * 3 + value):
                    if not S32.holds(part):
                        raise UndefinedError("too large")
                total = total * 3 + value
            return [(S32, "n0", total)]

        return Step("variadic", f'n0 = sum("{kinds}"{given});', run)

    def letters(self) -> Step:
        letter = self.random.randrange(128)
        way = self.random.choice(("toupper", "tolower", "isdigit", "isalpha", "isxdigit"))
        text = chr(letter)
        asked = {"isdigit": text.isdigit(), "isalpha": text.isalpha(), "isxdigit": text in "0123456789abcdefABCDEF"}
        changed = {"toupper": text.upper(), "tolower": text.lower()}
        value = int(asked[way]) if way in asked else ord(changed[way])
        shown = f"{way}({letter}) != 0" if way in asked else f"{way}({letter})"
        return Step(way, f"n1 = {shown};", reporting(1, value))

    def absolute(self) -> Step:
        kind, way = self.random.choice(((INT, "abs"), (S32, "labs")))
        value = self.number(kind)
        if value == kind.low:
            value += 1
        return Step(way, f"n2 = {literal(kind, value)}; n2 = {way}(n2);", reporting(2, abs(value)))

    def product(self) -> Step:
        """Routines of the library that SDCC calls for * / % of wide numbers."""
        kind = self.random.choice((S64, U32, S32))
        one, two = self.number(kind), self.number(kind)
        operation = self.random.choice("*/%")

        def run(state: State) -> Reported:
            return [(S32, "n3", S32.wrap(binary(operation, kind, one, kind, two)))]

        left, right = literal(kind, one), literal(kind, two)
        code = f"{{ volatile {kind.name} v = {left}, w = {right}; n3 = (long)(v {operation} w); }}"
        return Step(operation, code, run)

    # -- floats -----------------------------------------------------------------------------------------------------

    def exact(self) -> float:
        """Return a number with few bits."""
        return self.random.randint(-4000, 4000) / self.random.choice((1, 1, 2, 4, 16, 256))

    def place(self) -> int:
        return self.random.randrange(NUMBERS)

    def real(self) -> Step:
        to, one, two, operation = self.place(), self.place(), self.place(), self.random.choice("=+-*/")
        value = self.exact()

        def run(state: State) -> Reported:
            a, b = state.floats[one], state.floats[two]
            if operation == "/" and (not b or one == two):
                raise UndefinedError("a division by zero, or by itself")
            work = {"=": lambda: value, "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}
            result = single(work[operation]())
            if result == 0 and operation != "=":
                raise UndefinedError("the sign of 0")
            state.floats[to] = result or 0.0
            return shown_float(state, to)

        code = f"x{to} = {value!r}f;" if operation == "=" else f"x{to} = x{one} {operation} x{two};"
        return Step(f"float {operation}", code, run)

    def real_compare(self) -> Step:
        one, two = self.place(), self.place()
        word = self.random.choice(("<", ">", "<=", ">=", "==", "!="))

        def run(state: State) -> Reported:
            a, b = state.floats[one], state.floats[two]
            value = {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b, "==": a == b, "!=": a != b}[word]
            compared = f"x{one} {word} x{two}"
            return [(U8, compared, int(value)), (U8, f"({compared} ? 5 : 6)", 5 if value else 6)]

        return Step(f"float {word}", ";", run)

    def real_convert(self) -> Step:
        to, kind = self.place(), self.random.choice((INT, UINT, S32, U32, U8))
        if self.random.random() < 0.5:
            value = self.number(kind)

            def into(state: State) -> Reported:
                state.floats[to] = single(float(value))
                return shown_float(state, to)

            code = f"{{ volatile {kind.name} v = {literal(kind, value)}; x{to} = v; }}"
            return Step(f"float of {kind.name}", code, into)

        def out(state: State) -> Reported:
            value = int(state.floats[to])
            if not kind.holds(value) or (state.floats[to] < 0 and not kind.signed):
                raise UndefinedError("out of range")
            return [(kind, f"({kind.name})x{to}", value)]

        return Step(f"{kind.name} of float", ";", out)

    def real_parts(self) -> Step:
        to, one = self.place(), self.place()
        way = self.random.choice(("fabsf", "floorf", "ceilf", "-"))

        def run(state: State) -> Reported:
            value = state.floats[one]
            if not value or abs(value) > 2**30:
                raise UndefinedError("the sign of 0, or too large for SDCC's floorf")
            whole = int(value)
            floor = whole - (value < whole)
            made = {"fabsf": abs(value), "floorf": float(floor), "ceilf": float(whole + (value > whole)), "-": -value}
            if not made[way]:
                raise UndefinedError("the sign of 0")
            state.floats[to] = single(made[way])
            return shown_float(state, to)

        return Step(way, f"x{to} = {way}(x{one});", run)


def shown_float(state: State, place: int) -> Reported:
    return [(U32, f"*(unsigned long *)&x{place}", bits(state.floats[place]))]


def reporting(place: int, value: int) -> Callable[[State], Reported]:
    """Return what reports a number."""
    return lambda state: [(S32, f"n{place}", value)]


def in_base(value: int, base: int) -> str:
    digits = ""
    while value or not digits:
        digits, value = DIGITS[value % base] + digits, value // base
    return digits
