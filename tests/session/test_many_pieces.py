"""An image of very many pieces: the work of a whole job grows as the pieces do, not as their square."""

from __future__ import annotations

import pytest

from session.bench import Board
from stm8tool.image import Image, Segment
from unit.counting import calls


def image_with_holes(count: int, step: int) -> Image:
    """Return one byte every `step` bytes."""
    return Image(Segment(0x8000 + step * n, b"\x81") for n in range(count))


@pytest.mark.parametrize("step", [2, 256], ids=["one span", "a span for each piece"])
def test_the_work_of_a_write_grows_as_the_pieces_do(step: int) -> None:
    def write(count: int) -> int:
        board = Board("stm8s208mb")
        image = image_with_holes(count, step)
        done = calls(lambda: board.upload(image))
        assert board.holds(image)
        return done

    few, many = (120, 480) if step > 2 else (8000, 32000)
    assert write(many) < 4.4 * write(few)
