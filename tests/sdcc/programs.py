"""Random programs of defined C: functions, the value that each call must return, and the variables after it.

`Maker` leaves out everything in the table of known wrong code (docs/compilers.md), unless you tell it otherwise.
Otherwise one program in ten would show a known kind again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .known import known
from .machine import OUT, put
from .standard import BOOL, COMPARISONS, INT, S8, S32, TYPES, U8, U32, UINT, Type, UndefinedError, literal
from .tree import (
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Choice,
    Do,
    Expression,
    Function,
    If,
    Key,
    Literal,
    Loop,
    Place,
    State,
    Statement,
    Step,
    Switch,
    Unary,
    Variable,
)

MOST_TRIES = 40
SHORT_TYPES = (S8, U8, INT, UINT, S32, U32)
SIGNS = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "&&", "||", *COMPARISONS)
COMPOUND = ("", "", "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")


@dataclass(frozen=True)
class Called:
    """One call of a function from main, and the places that are looked at after it."""

    function: Function
    arguments: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """Variables and functions, and the calls that main makes."""

    declarations: tuple[str, ...]
    places: tuple[Place, ...]  # looked at after each call
    start: tuple[tuple[Key, int], ...]
    functions: tuple[Function, ...]
    calls: tuple[Called, ...]
    settings: tuple[tuple[str, Type, Key, int], ...] = ()  # assignments before the first call

    def state(self) -> State:
        state = State(dict(self.start))
        state.update((key, value) for _, _, key, value in self.settings)
        state.functions = {function.name: function for function in self.functions}
        return state

    def expected(self) -> list[int]:
        """Return the results of the program by a right compiler."""
        state, found = self.state(), []
        for call in self.calls:
            state.steps = 0
            value = call.function.run(state, list(call.arguments))
            found.append(unsigned(call.function.type, value))
            found += [unsigned(place.type, state[place.key(state)]) for place in self.places]
        return found

    def only(self, index: int) -> Program:
        """Return a program that makes one of the calls, after assignments that bring its variables there."""
        state, before = self.state(), self.state()
        for call in self.calls[:index]:
            state.steps = 0
            call.function.run(state, list(call.arguments))
        found = []
        for place in self.places:
            keys = [(place.name, i) for i in range(place.mask + 1)]
            for key in keys:
                if state[key] != before[key]:
                    found.append((place.spelling.format(key[1]), place.type, key, state[key]))
        return replace(self, calls=(self.calls[index],), settings=tuple(found))

    def text(self, head: str = OUT) -> str:
        """Return the C source; `head` defines how a value is reported."""
        lines = [head, *self.declarations, ""]
        for function in self.functions:
            given = ", ".join(place.type_.name for place in function.parameters) or "void"
            pointer = f" {function.type.name} (*p{function.name})({given}) = {function.name};"
            lines.append(f"{function.head()};{pointer}")
        lines += [function.text() for function in self.functions]
        lines += ["void main(void) {"]
        lines += [f"    {spelling} = {literal(kind, value)};" for spelling, kind, _, value in self.settings]
        for call in self.calls:
            given = ", ".join(
                literal(place.type_, value) for place, value in zip(call.function.parameters, call.arguments)
            )
            lines.append("    " + put(call.function.type, f"{call.function.name}({given})"))
            lines += ["    " + put(place.type, place.text()) for place in self.places]
        return "\n".join([*lines, '    __asm__("break");', "    for (;;) ;", "}", ""])


def unsigned(kind: Type, value: int) -> int:
    """Return the bytes that PUT stores, as a number."""
    return value & (1 << max(kind.bits, 8)) - 1


@dataclass
class Maker:
    """Makes a program of a seed.

    Attributes:
        avoid: Whether a node is left out.
        wide: Whether long long is used.
    """

    seed: int
    avoid: Callable[[Expression], bool] = known
    wide: bool = True
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.types = TYPES if self.wide and self.random.random() < 0.5 else SHORT_TYPES
        self.globals: list[Place] = []
        self.declarations: list[str] = []
        self.start: list[tuple[Key, int]] = []
        self.functions: list[Function] = []
        self.readable: list[Place] = []
        self.writable: list[Place] = []
        self.locked: set[str] = set()
        self.serial = 0

    # -- variables ----------------------------------------------------------------------------------------------

    def number(self, kind: Type) -> int:
        """Return a value: near a limit of a type, small, or anything."""
        chance = self.random.random()
        if chance < 0.4:
            limit = self.random.choice([t.high for t in TYPES] + [t.low for t in TYPES] + [0x100, 0x10000, 0xFF00])
            return kind.wrap(limit + self.random.randint(-2, 2))
        if chance < 0.7:
            return kind.wrap(self.random.randint(0, 20))
        return kind.wrap(self.random.getrandbits(kind.bits))

    def name(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial}"

    def make_globals(self) -> None:
        for _ in range(self.random.randint(3, 6)):
            kind = self.random.choice(self.types)
            name, value = self.name("g"), self.number(kind)
            qualifier = self.random.choice(["", "", "static ", "volatile "])
            self.declarations.append(f"{qualifier}{kind.name} {name} = {literal(kind, value)};")
            self._add(Place(name, name, kind), value)
        if self.random.random() < 0.5:
            self._array()
        if self.random.random() < 0.5:
            self._struct()
        if self.random.random() < 0.3:
            self.declarations.append("_Bool flag;")
            self._add(Place("flag", "flag", BOOL), 0)

    def _add(self, place: Place, value: int) -> None:
        self.globals.append(place)
        self.start.append(((place.name, 0), value))

    def _array(self) -> None:
        kind, name = self.random.choice(self.types), self.name("array")
        values = [self.number(kind) for _ in range(4)]
        constant = self.random.random() < 0.3
        given = ", ".join(literal(kind, value) for value in values)
        self.declarations.append(f"{'const ' if constant else ''}{kind.name} {name}[4] = {{{given}}};")
        for index, value in enumerate(values):
            self.start.append(((name, index), value))
        place = Place(name, f"{name}[{{}}]", kind, 0, Literal(INT, self.random.randrange(4)), 3)
        self.arrays = [*getattr(self, "arrays", []), (place, constant)]
        self.globals.append(place)

    def _struct(self) -> None:
        name, members, values = self.name("s"), [], []
        for index in range(self.random.randint(2, 6)):
            kind, width = self.random.choice(self.types), 0
            if self.random.random() < 0.5:
                kind = self.random.choice([UINT, INT])
                width = self.random.randint(
                    1 + kind.signed, 8
                )  # wider bit-fields are the kinds field-copy and long-into-field
            shape = "unsigned int" if kind is UINT else "signed int" if kind is INT and width else kind.name
            members.append(f"{shape} m{index}{f' : {width}' if width else ''};")
            place = Place(f"{name}.m{index}", f"{name}.m{index}", kind, width)
            value = place.converted(self.number(kind))
            values.append(literal(kind, value))
            self._add(place, value)
        self.declarations.append(
            f"struct {{ {' '.join(members)} }} {name} = {{{', '.join(values)}}}, *p{name} = &{name};"
        )

    # -- expressions --------------------------------------------------------------------------------------------

    def expression(self, depth: int) -> Expression:
        """Return an expression that is not in the table of known wrong code."""
        while True:
            node = self._expression(depth)
            if not self.avoid(node):
                return node

    def _expression(self, depth: int) -> Expression:
        pick = self.random.random()
        if depth <= 0 or pick < 0.1:
            return self._leaf()
        if pick < 0.65:
            return Binary(self.random.choice(SIGNS), self.expression(depth - 1), self.expression(depth - 1))
        if pick < 0.75:
            return Cast(self.random.choice(self.types), self.expression(depth - 1))
        if pick < 0.85:
            return Unary(self.random.choice("-~!"), self.expression(depth - 1))
        if pick < 0.93:
            return Choice(self.expression(depth - 1), self.expression(depth - 1), self.expression(depth - 1))
        return self._leaf()

    def _leaf(self) -> Expression:
        if self.random.random() < 0.2 or not self.readable:
            kind = self.random.choice([kind for kind in self.types if kind.bits > 8])
            return Literal(kind, self.number(kind))
        return self.indexed(self.random.choice(self.readable))

    def indexed(self, place: Place) -> Place:
        """Give the place in an array another index, sometimes by a variable."""
        if not place.mask:
            return place
        plain = [other for other in self.readable if not other.mask and not other.width and other.type_.bits <= 16]
        if plain and self.random.random() < 0.6:
            chosen: Expression = self.random.choice(plain)
        else:
            chosen = Literal(INT, self.random.randrange(4))
        return Place(place.name, place.spelling, place.type_, 0, chosen, place.mask)

    def _call(self, depth: int) -> Expression:
        function = self.random.choice(self.functions)
        arguments = tuple(self.expression(depth) for _ in function.parameters)
        through = f"(*p{function.name})" if self.random.random() < 0.3 else ""
        return Call(function.name, arguments, function.type, through)

    # -- statements ---------------------------------------------------------------------------------------------

    def statement(self, depth: int) -> Statement:
        pick = self.random.random()
        if depth <= 0 or pick < 0.6 or not self.counters:
            return Do(self._effect())
        if pick < 0.75:
            return If(self.expression(1), self.block(depth - 1), self.block(depth - 1))
        if pick < 0.88:
            place = self.counters.pop()
            form = self.random.choice(["for", "while", "do"])
            self.locked.add(place.name)
            body = self.block(depth - 1)
            self.locked.discard(place.name)
            return Loop(place, form, self.random.randint(0, 2), self.random.randint(1, 4), body)
        numbers = self.random.sample(range(-3, 12), self.random.randint(1, 4))
        if self.random.random() < 0.5:  # a jump table
            first = self.random.randint(-2, 250)
            numbers = list(range(first, first + self.random.randint(4, 6)))
        value = self.expression(1)
        cases = tuple((number, self.block(0), self.random.random() < 0.8) for number in numbers if number != 0x10000)
        return Switch(value, cases, self.block(0))

    def _effect(self) -> Expression:
        while True:
            place = self.indexed(self.random.choice(self.writable))
            if self.random.random() < 0.15 and place.type_ is not BOOL:
                return Step(place, self.random.choice(["++", "--"]), self.random.random() < 0.5)
            if self.functions and not self.locked and not place.mask and self.random.random() < 0.1:
                return Assign(place, "", self._call(1))  # alone: C does not say what is read before it
            node = Assign(place, self.random.choice(COMPOUND), self.expression(2))
            if not self.avoid(node):
                return node

    def block(self, depth: int) -> Block:
        return Block(tuple(self.statement(depth) for _ in range(1 if depth <= 0 else self.random.randint(1, 2))))

    # -- functions ----------------------------------------------------------------------------------------------

    def function(self, state: State) -> tuple[Function, Called]:
        """Return a function, and a defined call of it. The state is then as after the call."""
        while True:
            made = self._function()
            for _ in range(4):
                given = tuple(self.number(place.type_) for place in made.parameters)
                after = state.copy()
                after.functions = {**state.functions, made.name: made}
                after.steps = 0
                try:
                    made.run(after, list(given))
                except (UndefinedError, KeyError):
                    continue
                state.clear()
                state.update(after)
                state.functions = after.functions
                return made, Called(made, given)

    def _function(self) -> Function:
        name = self.name("f")
        kinds = [self.random.choice(self.types) for _ in range(self.random.randint(0, 3))]
        parameters = tuple(Place(f"{name}.{chr(97 + i)}", chr(97 + i), kind) for i, kind in enumerate(kinds))
        constant = {place.name for place, is_constant in getattr(self, "arrays", []) if is_constant}
        self.readable = [*self.globals, *parameters, *parameters]
        self.writable = [place for place in self.readable if place.name not in constant]
        local, pointers = [], []
        for index in range(self.random.randint(0, 2)):
            kind = self.random.choice(self.types)
            place = Place(f"{name}.v{index}", f"v{index}", kind)
            qualifier = self.random.choice(["", "", "", "volatile ", "static "])
            start: Expression = self.expression(1)
            if qualifier == "static " or (kind.bits == 64 and isinstance(start, Literal)):
                qualifier, start = "", self.random.choice(self.readable)
            local.append(Variable(place, f"{qualifier}{kind.name} v{index}", start))
            self.readable.append(place)
            self.writable.append(place)
        for index in range(self.random.choice([0, 0, 1, 2])):
            plain = [
                place
                for place in self.readable
                if not place.mask
                and not place.width
                and "." not in place.spelling
                and "*" not in place.spelling
                and place.type_ is not BOOL
            ]
            if plain:
                target = self.random.choice(plain)
                pointers.append(f"volatile {target.type_.name} *q{index} = &{target.spelling}")
                alias = Place(target.name, f"(*q{index})", target.type_)
                self.readable.append(alias)
                self.writable.append(alias)
        for place in [place for place in self.globals if place.spelling.startswith("s")]:
            if self.random.random() < 0.4:
                alias = Place(place.name, f"p{place.spelling.replace('.', '->')}", place.type_, place.width)
                self.readable.append(alias)
                self.writable.append(alias)
        self.counters = [Place(f"{name}.n{i}", f"n{i}", U8 if i else INT) for i in range(2)]
        local += [Variable(place, f"{place.type_.name} {place.spelling}", Literal(INT, 0)) for place in self.counters]
        body = Block(tuple(self.statement(1) for _ in range(self.random.randint(1, 3))))
        kind = self.random.choice([kind for kind in self.types if kind.bits < 64 or not parameters])
        return Function(name, kind, parameters, tuple(local), tuple(pointers), body, self.expression(2))

    def program(self, functions: int = 10) -> Program:
        """Return a whole program."""
        self.make_globals()
        state = State(dict(self.start))
        state.functions = {}
        calls = []
        for _ in range(functions):
            made, call = self.function(state)
            self.functions.append(made)
            calls.append(call)
        return Program(
            tuple(self.declarations), tuple(self.globals), tuple(self.start), tuple(self.functions), tuple(calls)
        )
