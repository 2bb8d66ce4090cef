"""From an image and what the chip holds to the blocks that must change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stm8tool.chip.flash.blocks import Span, blocks_to_write, by_span, merge, spans, whole_blocks
from stm8tool.image import Image, Segment

_START, _SIZE = 0x8000, 1024


@st.composite
def _images(draw: st.DrawFn) -> Image:
    holes = sorted(draw(st.sets(st.integers(0, _SIZE), min_size=2, max_size=8)))
    segments = []
    for low, high in zip(holes[::2], holes[1::2]):
        segments.append(Segment(_START + low, draw(st.binary(min_size=high - low, max_size=high - low))))
    return Image(segments)


_HELD = st.binary(min_size=_SIZE, max_size=_SIZE) | st.just(bytes(_SIZE))
_BLOCKS = st.sampled_from([64, 128])


@given(_images(), _HELD, _BLOCKS)
def test_writing_the_blocks_gives_the_image_and_leaves_every_other_byte(image: Image, held: bytes, block: int) -> None:
    chip = bytearray(held)
    for span in spans(image.segments, block):
        before = bytes(chip[span.start - _START : span.end - _START])
        for write in blocks_to_write(merge(image.segments, before, span.start), before, span.start, block):
            assert write.address % block == 0
            assert len(write.data) == block
            offset = write.address - _START
            assert write.blank == (not any(chip[offset : offset + block]))
            chip[offset : offset + block] = write.data
    for offset in range(_SIZE):
        inside = [s for s in image.segments if s.address <= _START + offset < s.end]
        expected = inside[0].data[_START + offset - inside[0].address] if inside else held[offset]
        assert chip[offset] == expected


@given(_images(), _BLOCKS)
def test_spans_are_whole_blocks_apart_from_each_other_and_no_wider_than_needed(image: Image, block: int) -> None:
    result = spans(image.segments, block)
    assert all(span.start % block == 0 and span.end % block == 0 for span in result)
    assert all(left.end < right.start for left, right in zip(result, result[1:]))
    touched = {address // block for s in image.segments for address in range(s.address, s.end)}
    assert sum(span.end - span.start for span in result) == len(touched) * block


def test_segments_in_the_same_block_share_a_span() -> None:
    assert spans([Segment(0x8001, b"a"), Segment(0x803F, b"bc")], 64) == [Span(0x8000, 0x8080)]


def test_nothing_is_written_where_the_chip_already_holds_the_image() -> None:
    held = bytes(range(256)) * 4
    assert list(blocks_to_write(held, held, _START, 64)) == []


@given(_images(), _BLOCKS)
def test_each_segment_belongs_to_the_span_that_covers_it(image: Image, block: int) -> None:
    covered = spans(image.segments, block)
    parts = by_span(image.segments, covered)
    assert [segment for part in parts for segment in part] == list(image.segments)
    assert all(span.start <= s.address and s.end <= span.end for span, part in zip(covered, parts) for s in part)


@given(_images(), _BLOCKS)
def test_a_whole_block_is_one_that_the_image_leaves_no_byte_of(image: Image, block: int) -> None:
    held = {segment.address + n for segment in image.segments for n in range(len(segment.data))}
    starts = range(_START, _START + _SIZE, block)
    assert whole_blocks(image.segments, block) == {a for a in starts if held.issuperset(range(a, a + block))}
