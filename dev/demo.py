"""The demo: a user's steps from a project to a chip that runs it, with simulated boards."""

from __future__ import annotations

import os
import re
import shutil

from .core import pio_environment, prepare_core
from .environments import VENV, program
from .system import DEMO, ROOT, SetupError, ask, run, say


def demo() -> int:
    """Do a user's steps with simulated boards that are locked. Check the chips' contents before and after."""
    core, project = DEMO / "core", DEMO / "blink"
    prepare_core(core)
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(ROOT / "examples" / "native-blink", project, ignore=shutil.ignore_patterns(".pio"))
    env = pio_environment(core)
    tool = os.path.relpath(ROOT / "tool", project)

    def user(*command: str) -> None:
        say(f"\n$ {' '.join(command)}")
        if run(shutil.which(command[0], path=env["PATH"]) or command[0], *command[1:], cwd=project, env=env):
            raise SetupError("the demo failed at this command")

    def new_board(name: str) -> None:
        user("python", tool, "sim", "create", name, "--part", "stm8s103f3", "--probe", "v3", "--locked")
        expect("ON" in show(name)["protection"], "the new chip is locked")

    def pio(target: str, board: str) -> None:
        user("pio", "run", "-e", "stm8sblue", "-t", target, "--upload-port", f"sim:{board}")

    def show(board: str) -> dict[str, str]:
        say(f"\n$ python {tool} sim show {board}")
        text = ask(program(VENV, "python"), ROOT / "tool", "sim", "show", project / board)
        say(text)
        return dict(re.findall(r"^  (\S+) +(.*)$", text, re.MULTILINE))

    def expect(truth: bool, what: str) -> None:
        if not truth:
            raise SetupError(f"the demo failed. This is not true: {what}")

    new_board("board.chip")
    user("pio", "run", "-e", "stm8sblue")
    pio("upload", "board.chip")
    pio("verify", "board.chip")
    first = show("board.chip")
    expect(first["protection"] == "off", "the upload removed the protection")
    expect(first["CPU"] == "running", "the program runs")
    pio("upload", "board.chip")
    expect(show("board.chip")["flash"] == first["flash"], "the second upload programmed nothing")
    new_board("other.chip")
    pio("unlock", "other.chip")
    other = show("other.chip")
    expect(other["protection"] == "off" and other["flash"].startswith("0 of "), "the chip is unlocked and erased")
    say("\nThe demo passed: built, uploaded to a locked chip, verified, nothing written twice, another chip unlocked.")
    return 0
