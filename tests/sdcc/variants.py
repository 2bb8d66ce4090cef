"""Trees of `tree.py` made anew, each with one node replaced: this reduces a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Union

from .tree import Block, Do, Expression, If, Loop, Statement, Switch

Node = Union[Expression, Statement]


def is_node(value: object) -> bool:
    return hasattr(value, "run") and hasattr(value, "text")


def parts_of(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below one."""
    for value in vars(node).values():
        if is_node(value):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if is_node(item):
                    yield item
                elif isinstance(item, tuple):
                    yield from (part for part in item if is_node(part))


def variants(node: Node, shorter: Callable[[Node], Iterator[Node]]) -> Iterator[Node]:
    """Yield every tree in which one node is replaced by one of the nodes that `shorter` yields for it."""
    yield from shorter(node)
    for name, value in vars(node).items():
        if is_node(value):
            for other in variants(value, shorter):
                yield replace(node, **{name: other})
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                for changed in _items(item, shorter):
                    yield replace(node, **{name: (*value[:index], *changed, *value[index + 1 :])})


def _items(item: object, shorter: Callable[[Node], Iterator[Node]]) -> Iterator[tuple[object, ...]]:
    if is_node(item):
        if isinstance(item, (Do, If, Loop, Switch, Block)):
            yield ()
        for other in variants(item, shorter):  # type: ignore[arg-type]
            yield (other,)
    elif isinstance(item, tuple) and len(item) == 3:
        yield ()
        for body in variants(item[1], shorter):
            yield ((item[0], body, item[2]),)
