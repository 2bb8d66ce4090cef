"""The targets of `pio run -t …`: each is one call of the flasher in tool/, which `upload.py` composes."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from SCons.Script import ARGUMENTS, Action

TARGETS = (
    # name, group, title, description, the flasher's command
    ("upload", "Platform", "Upload", "Write the firmware to the chip and verify it", "write $SOURCE"),
    ("verify", "Platform", "Verify", "Compare the chip with the firmware", "verify $SOURCE"),
    ("unlock", "Platform", "Unlock", "Remove the read-out protection, which erases the chip", "unlock"),
    ("erase", "Platform", "Erase", "Erase the program memory", "erase"),
    ("reset", "Platform", "Reset", "Reset the chip and let its program run", "reset"),
    ("list-probes", "Probe", "List Probes", "List the attached probes", "list"),
    ("probe-info", "Probe", "Probe Info", "Show the probe and the chip behind it", "info"),
)


def add(env: Any, firmware: Any) -> None:
    """Add the targets to the build; `firmware` is the node, or the path, of the file that is uploaded."""
    root = Path(env.PioPlatform().get_dir())
    board = env.BoardConfig()
    upload = SimpleNamespace(**runpy.run_path(str(root / "builder" / "upload.py")))
    env.SetDefault(UPLOAD_PORT="", UPLOAD_PROTOCOL="stlink", UPLOAD_FLAGS=[])
    try:
        env.Replace(UPLOAD_FLAGS=upload.split_flags(env["UPLOAD_FLAGS"]))
    except ValueError as exc:
        sys.stderr.write(f"error: {exc}\n")
        env.Exit(1)
    env.Replace(
        UPLOADER=str(root / "tool"),
        UPLOADCMD=upload.command("write $SOURCE"),
        UPLOADERFLAGS=upload.flags(
            board.get("upload"),
            board.get("build.mcu"),
            given=env["UPLOAD_FLAGS"],
            bar=ARGUMENTS.get("ISATTY") == "1",
            verbose=ARGUMENTS.get("PIOVERBOSE") == "1",
        ),
    )

    def check_options(target: Any, source: Any, env: Any) -> int:
        """Refuse what the flasher could misunderstand, unless the project brings a command of its own."""
        uploads_otherwise = str(target[0]) == "upload" and env["UPLOADCMD"] != upload.command("write $SOURCE")
        message = None if uploads_otherwise else upload.problem(env.subst("$UPLOAD_PROTOCOL"), board.get("upload"))
        if message:
            sys.stderr.write(f"error: {message}\n")
        return int(message is not None)

    for name, group, title, description, words in TARGETS:
        takes_firmware = "$SOURCE" in words
        command = "$UPLOADCMD" if name == "upload" else upload.command(words)
        actions = [env.VerboseAction(command, f"{title} $SOURCE" if takes_firmware else title)]
        if name != "list-probes":  # it opens no probe, so no protocol can be wrong
            actions.insert(0, Action(check_options, None))
        env.AddTarget(
            name, firmware if takes_firmware else None, actions, title=title, description=description, group=group
        )
