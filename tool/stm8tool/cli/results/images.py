"""The results of the commands that write files to the chip or compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from ..wording import blocks

if TYPE_CHECKING:
    from ...chip.link.quality import Quality
    from ...chip.upload import Upload
    from ...parts.table import Part
    from ...probe.base import ProbeInfo
    from ..console import Console


class TakenNumber(NamedTuple):
    """A serial number that was taken from its file. No other board gets it, even if the write then fails.

    Attributes:
        file: The file that counts.
        number: The number.
        address: The address of its bytes.
        data: Its bytes.
    """

    file: str
    number: int
    address: int
    data: bytes


class WriteResult(NamedTuple):
    """The result of `write`.

    Attributes:
        probe: The probe.
        part: The chip.
        size: The number of bytes in the image.
        to_ram: Whether the image was loaded into RAM.
        serial_number: The serial number that is among the bytes; null without --serial-number.
        upload: The blocks and option bytes; null for RAM, and after an error.
        verified: Whether what was written was compared.
        resets_for_options: Whether option bytes were read back after a reset, which brings them into force.
        quality: What had to be repeated; null after an error.
        starts_program: Whether the chip has a program, which runs now; null if this is not known.
    """

    probe: ProbeInfo
    part: Part
    size: int
    to_ram: bool = False
    serial_number: Optional[TakenNumber] = None
    upload: Optional[Upload] = None
    verified: bool = False
    resets_for_options: bool = True
    quality: Optional[Quality] = None
    starts_program: Optional[bool] = None

    def show(self, console: Console) -> None:
        """Print what was written."""
        if self.to_ram:
            console.say(f"{self.size} bytes of RAM written and verified; the running program may overwrite them")
        if self.upload:
            self._show_upload(self.upload, console)

    def _show_upload(self, upload: Upload, console: Console) -> None:
        from ...chip import wording

        if upload.unlocked and upload.unlocked.erased:
            left = wording.left_alone(upload.unlocked.left)
            factory = "" if left else "option bytes at factory values, "
            console.say(f"read protection removed, {factory}read back{left}")
        written = upload.written
        if written.programmed:
            how = "and verified" if self.verified else "(not verified)"
            console.say(f"{written.programmed} of {blocks(written.compared)} of {written.block} bytes written {how}")
        elif written.compared or not upload.options:
            console.say(f"nothing to do: the chip already holds the image ({blocks(written.compared)} compared)")
        for line in wording.options_written(upload.options, after_reset=self.resets_for_options):
            console.say(line)


class VerifyResult(NamedTuple):
    """The result of `verify`.

    Attributes:
        part: The chip.
        equal: The number of bytes that were compared. All are equal; otherwise there is an error.
    """

    part: Part
    equal: int

    def show(self, console: Console) -> None:
        """Print it."""
        console.say(f"verified: {self.equal} bytes are equal")
