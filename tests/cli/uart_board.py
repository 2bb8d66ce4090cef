"""A simulated board at a UART, for the tests of the command line; `conftest.at_uart` is its desk."""

from __future__ import annotations

from stm8tool.cli.main import main
from stm8tool.sim import store

ENABLED = {"stm8s208mb": ["OPTBL=0x55"], "stm8s105k4": ["OPTBL=0x55"]}
FOR_STM8L = ["OPTBL_H=0x55", "OPTBL_L=0xAA"]


def program(size: int) -> bytes:
    data = bytearray(n * 7 + (n >> 8) & 0xFF for n in range(size))
    data[:4] = 0x82, 0x00, 0x80, 0x80
    data[0x80:0x82] = 0x20, 0xFE
    return bytes(data)


def board(part: str, *faults: str, enabled: bool = False, locked: bool = False) -> None:
    more = ENABLED.get(part, FOR_STM8L) if enabled else []
    fault = [word for name in faults for word in ("--fault", name)]
    option = [word for text in more for word in ("--option", text)]
    words = ["sim", "create", "b.chip", "--part", part, "--force", *fault, *option, *(["--locked"] if locked else [])]
    assert main(words) == 0


def tool(part: str, *words: str) -> int:
    return main(["--probe", "serial:sim:b.chip", "--part", part, "--uart-reset", "dtr", *words])


def held(name: str = "flash") -> tuple[int, int]:
    """Return how many bytes of a memory are not blank, and how often its blocks were programmed."""
    memory = next(one for one in store.describe("b.chip").memories if one.name == name)
    return memory.used, memory.total_wear
