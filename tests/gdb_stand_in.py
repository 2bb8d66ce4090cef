"""A stand-in for stm8-gdb in a session of `pio debug`: it does what the script of PlatformIO says, then looks around.

It writes what it saw to session.json, beside the program. stm8-gdb itself is in PlatformIO's registry only.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from rsp_client import RspClient

FLASH = range(0x8000, 0x28000)


def run(words: Sequence[str]) -> None:
    """Run the session that the words of GDB's command line ask for, and end."""
    folder = Path(words[words.index("--directory") + 1])
    script = (folder / words[words.index("-x") + 1]).read_text(encoding="utf-8")
    elf = Path(words[-1])
    seen: dict[str, Any] = {"error": None, "script": script}
    try:
        debug(script, elf, seen)
    except Exception as exc:  # noqa: BLE001  # the test shows it
        seen["error"] = repr(exc)
    elf.with_name("session.json").write_text(json.dumps(seen), encoding="utf-8")
    sys.exit(0)


def debug(script: str, elf: Path, seen: dict[str, Any]) -> None:
    """Do what the script says, then stop at `main`, step, stop in another file, and look at a variable twice."""
    with elf.open("rb") as file:
        program = ELFFile(file)
        pieces = [
            (section["sh_addr"], section.data())
            for section in program.iter_sections()
            if section["sh_type"] == "SHT_PROGBITS" and section["sh_addr"] in FLASH and section["sh_size"]
        ]
        symbols = {symbol.name: symbol["st_value"] for symbol in program.get_section_by_name(".symtab").iter_symbols()}
    seen["symbols"] = {name: symbols[name] for name in ("_main", "_twice", "_counter")}
    commands = script.splitlines()
    (port,) = re.findall(r"^target extended-remote :(\d+)$", script, re.MULTILINE)
    with RspClient(int(port), acks=False) as client:
        client.ask("qSupported:swbreak+;hwbreak+")
        client.ask("!")
        seen["first"] = client.ask("?")
        if "monitor init" in commands:
            client.monitor("init")
        if "load" in commands:
            seen["loaded"] = client.load(*pieces)
        client.monitor("reset halt")
        print("PlatformIO: Initialization completed", flush=True)
        seen["told"] = sys.stdin.readline()  # PlatformIO says `continue`
        client.ask(f"Z1,{symbols['_main']:x},1")
        client.go_on()
        seen["at_main"] = client.pc
        client.ask(f"z1,{symbols['_main']:x},1")
        client.step()
        seen["after_step"] = client.pc
        client.ask(f"Z1,{symbols['_twice']:x},1")
        counter = []
        for _ in range(3):
            client.go_on()
            seen["at_twice"] = client.pc
            counter.append(client.read(symbols["_counter"], 1)[0])
        seen["counter"] = counter
        client.monitor("reset")  # what PlatformIO sends before `quit`
        client.ask("D")
