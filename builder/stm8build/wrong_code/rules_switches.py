"""The switches from which SDCC makes wrong code. The rule yields the nodes that may come out wrong. Pure: no SCons."""

from __future__ import annotations

from collections.abc import Iterator

from .syntax_tree import Function, Node


def switch_of_unsigned(function: Function) -> Iterator[Node]:
    """Yield the switch of an unsigned value with a negative case and one that is not: SDCC takes -1 for the lowest."""
    for node in function.nodes():
        if node.kind != "SWITCH" or not node.children:
            continue
        asked, *cases = node.children
        values = [case.value or 0 for case in cases]
        if asked.type.size >= 2 and not asked.type.signed and values and min(values) < 0 <= max(values):
            yield node
