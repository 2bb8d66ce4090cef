"""What platformio.ini may say about uploading, and the flasher's options made from it. Pure: no SCons in here."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Optional

STLINK_PROTOCOLS = ("stlink", "stlinkv1", "stlinkv2", "stlinkv21", "stlinkv3")
UNSUPPORTED_PROTOCOLS = ("serial", "espstlink")
CHOICES = {"unlock": ("auto", "never"), "verify": ("yes", "no")}  # board_upload.*, the default first

# SCons works this out when the command runs; being a list, it stays one word where it has a space.
PROBE = "${[UPLOAD_PORT or UPLOAD_PROTOCOL]}"


def command(words: str) -> str:
    """Return the command line that runs the flasher; `words` is its command and what follows."""
    return f'"$PYTHONEXE" "$UPLOADER" $UPLOADERFLAGS {words}'


def problem(protocol: str, upload: Mapping[str, Any]) -> Optional[str]:
    """Return why the flasher cannot run with these options, as one line, or None.

    Args:
        protocol: `upload_protocol`.
        upload: The board's "upload" object with the project's `board_upload.*` merged in.
    """
    allowed = ", ".join(STLINK_PROTOCOLS)
    if protocol == "custom":
        return f"upload_protocol = custom serves only the target upload, with upload_command; allowed here: {allowed}"
    if protocol in UNSUPPORTED_PROTOCOLS:
        return f"upload_protocol = {protocol} is not supported by this version; use an ST-LINK with one of: {allowed}"
    if protocol not in STLINK_PROTOCOLS:
        return f"upload_protocol = {protocol} is unknown; allowed: {allowed}, custom"
    for name, choices in CHOICES.items():
        if upload.get(name, choices[0]) not in choices:
            return f"board_upload.{name} = {upload[name]} is unknown; allowed: {', '.join(choices)}"
    return None


def split_flags(entries: Iterable[str]) -> list[str]:
    """Return the words of `upload_flags`: `--part stm8s103f3` may stand on one line, a backslash is no escape.

    Raises:
        ValueError: A quotation mark has no partner; the message names the entry.
    """
    words: list[str] = []
    for entry in entries:
        lexer = shlex.shlex(entry, posix=True)
        lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
        try:
            words.extend(lexer)
        except ValueError:
            raise ValueError(f"upload_flags = {entry}: a quotation mark has no partner") from None
    return words


def flags(
    upload: Mapping[str, Any], mcu: str, *, given: Iterable[str] = (), bar: bool = False, verbose: bool = False
) -> list[str]:
    """Return the flasher's options. Those that `upload_flags` holds are left out, so that they win.

    Args:
        upload: As for `problem`.
        mcu: `build.mcu`, an order code; the part unless the project names another.
        given: The words of `upload_flags`, which Core puts in front.
        bar: A terminal shows the progress.
        verbose: PlatformIO runs with -v.
    """
    ours = {
        "--probe": PROBE,
        "--part": upload.get("part") or upload.get("stm8flash_target") or mcu,
        **{f"--{name}": upload.get(name, choices[0]) for name, choices in CHOICES.items()},
        "--progress": "bar" if bar else "lines",
    }
    taken = {word.partition("=")[0] for word in given}
    words = [word for name, value in ours.items() if name not in taken for word in (name, value)]
    return words + ["-v"] * verbose
