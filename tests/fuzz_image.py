"""Any content is loaded as an image or refused with an ImageError: the property, and atheris to look for exceptions.

    python -m pip install atheris        # not among the dependencies
    python tests/fuzz_image.py -max_total_time=600

Options are those of libFuzzer. What it finds is written to a file `crash-…`; give that file to see it fail again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "tool"))

from stm8tool.errors import ImageError
from stm8tool.image import Image, intel_hex, loading, s_record


def check(content: bytes, name: str = "x.bin") -> None:
    """Load `content`; what is not refused holds data, and is the same after it was saved and loaded again."""
    try:
        image = Image(loading.parse(name, content, base=0x8000, ram_size=1024))
    except ImageError:
        return
    assert image.size > 0
    if image.segments[-1].end <= 1 << 32:
        for records in (intel_hex.records, s_record.records):
            saved = "".join(f"{line}\n" for line in records(image.segments)).encode("ascii")
            assert Image(loading.parse(name, saved)).segments == image.segments


def contents(data: bytes) -> Iterator[bytes]:
    """Yield what a fuzzer's bytes may be: a file, an ELF file, and records whose checksums are right."""
    yield data
    yield b"\x7fELF\x01\x02" + data
    bodies = [line[:255] for line in data.split(b"\n")]
    yield b"\n".join(b":%s%02X" % (body.hex().encode(), -sum(body) & 0xFF) for body in bodies)
    yield b"\n".join(
        b"S%d%s%02X" % (body[0] % 10, body[1:].hex().encode(), ~sum(body[1:]) & 0xFF) for body in bodies if body
    )


def main() -> None:
    """Let atheris look for contents that break the property."""
    import atheris

    def check_all(data: bytes) -> None:
        for content in contents(data):
            check(content)

    atheris.instrument_all()
    atheris.Setup(sys.argv, check_all)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
