"""A smaller program that is still compiled wrongly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from .library_programs import Steps
from .programs import Called, Program
from .standard import UndefinedError
from .tree import Block, Function, Literal, Node, parts_of, variants

STATEMENTS = {"Do", "If", "Loop", "Switch", "Block", "Assembler"}


def _shorter(node: Node) -> Iterator[Node]:
    if type(node).__name__ in STATEMENTS:
        for part in parts_of(node):
            if isinstance(part, Block) and not isinstance(node, Block):
                yield part
        return
    for part in parts_of(node):
        if type(part).__name__ not in STATEMENTS:
            yield part
    if not isinstance(node, Literal):
        for value in (1, 0):
            kind = getattr(node, "type", None)
            if kind is not None and kind.bits > 8:
                yield Literal(kind, value)


def without(items: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the items with each one left out."""
    for index in range(len(items)):
        yield (*items[:index], *items[index + 1 :])


def _smaller(program: Program) -> Iterator[Program]:
    if len(program.calls) > 1:
        for index in range(len(program.calls)):
            yield program.only(index)
    yield replace(program, functions=_reached(program))
    for name in ("settings", "calls", "functions", "places", "declarations"):
        for items in without(getattr(program, name)):
            yield replace(program, **{name: items})
    for index in range(len(program.functions) - 1, -1, -1):
        before, function, behind = (
            program.functions[:index],
            program.functions[index],
            program.functions[index + 1 :],
        )
        for other in _functions(function):
            calls = tuple(
                Called(other, call.arguments) if call.function.name == other.name else call for call in program.calls
            )
            yield replace(program, functions=(*before, other, *behind), calls=calls)


def _reached(program: Program) -> tuple[Function, ...]:
    """Return the functions that main calls, and those that they call."""
    reached = _with_called(program, {call.function.name for call in program.calls})
    return tuple(function for function in program.functions if function.name in reached)


def reached_names(program: Program, call: int) -> set[str]:
    """Return the functions that one call of main reaches."""
    return _with_called(program, {one.function.name for one in program.calls[call : call + 1]})


def _with_called(program: Program, reached: set[str]) -> set[str]:
    names = [function.name for function in program.functions]
    for function in reversed(program.functions):
        if function.name in reached:
            reached |= {name for name in names if re.search(rf"\bp?{name}\(|\bp{name}\)", function.text())}
    return reached


def _functions(function: Function) -> Iterator[Function]:
    for local in without(function.local):
        yield replace(function, local=local)
    for pointers in without(function.pointers):
        yield replace(function, pointers=pointers)
    for index, variable in enumerate(function.local):
        if variable.start is not None:
            for start in variants(variable.start, _shorter):
                changed = replace(variable, start=start)
                yield replace(function, local=(*function.local[:index], changed, *function.local[index + 1 :]))
    for body in variants(function.body, _shorter):
        if isinstance(body, Block):
            yield replace(function, body=body)
    for value in variants(function.value, _shorter):
        yield replace(function, value=value)  # type: ignore[arg-type]


def reduced(program: Program, wrong: Callable[[Program], bool], most: int = 1500) -> Program:
    """Return the smallest program that is found for which `wrong` is still true.

    After a success, the next try is the one at the same place: what comes before it was not wrong a moment ago. Only
    when all others were tried are these tried again.
    """
    tries, start, again = 0, 0, True
    while again:
        again = False
        for place, other in enumerate(_smaller(program)):
            if place < start or other == program:
                continue
            try:
                other.expected()
            except (UndefinedError, KeyError, TypeError, AttributeError):
                continue
            tries += 1
            if tries > most:
                return program
            if wrong(other):
                program, start, again = other, place, True
                break
        if not again and start:
            start, again = 0, True
    return program


def reduced_steps(program: Steps, wrong: Callable[[Steps], bool]) -> Steps:
    """Return the same for a row of steps."""
    again = True
    while again:
        again = False
        for other in program.smaller():
            try:
                other.expected()
            except UndefinedError:
                continue
            if other.steps and wrong(other):
                program, again = other, True
                break
    return program
