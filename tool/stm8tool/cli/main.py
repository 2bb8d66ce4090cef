"""The command line: arguments in, one command of `cli/probes.py` or `cli/boards.py` run, exit codes out.

Exit codes: 0 done, 1 failed, 2 usage or file, 3 probe, 4 no answer from the chip, 5 protected, 6 verify,
7 driver, permission or library, 130 interrupted (see errors.py). The last line on stderr is the reason.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn, Optional, TextIO, cast

from .. import __version__
from ..errors import UsageError
from ..support import streams
from . import (
    boards as sim_commands,
)
from . import (
    memories as memory_commands,
)
from . import (
    option_bytes as option_commands,
)
from . import (
    parts as part_commands,
)
from . import (
    probes as commands,
)
from . import (
    process,
)
from . import (
    simulation as run_commands,
)

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_WRITING = (*commands.WRITING, *memory_commands.WRITING, *option_commands.WRITING)
_DEFAULTS = {
    "probe": commands.DEFAULT_PROBE,
    "part": None,
    "shared": None,
    "region": None,
    "base": None,
    "unlock": "auto",
    "verify": "yes",
    "progress": "auto",
    "power_cycle": None,
    "verbose": 0,
}


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command; return its exit code."""
    arguments = _parser().parse_args(_spelt_out(sys.argv[1:] if argv is None else argv))
    for name, value in _DEFAULTS.items():
        if not hasattr(arguments, name):
            setattr(arguments, name, value)
    from .console import Console

    console = Console(arguments.progress)

    def run() -> None:
        commands.power_cycle_s(arguments)  # also where it has no effect, what makes no sense is refused
        if arguments.part == commands.AUTO and arguments.run is not sim_commands.create:
            commands.choose_part(arguments, console)
        arguments.run(arguments, console)

    return process.run(run, console, arguments.verbose, writes=lambda: arguments.run in _WRITING)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in the form of every other reason: `error: …`, last line on stderr."""

    def _print_message(self, message: str, file: Optional[SupportsWrite[str]] = None) -> None:
        """Print help, usage or version; before Python 3.10 argparse itself trips over a stream that nobody reads."""
        streams.put(cast("TextIO", file or sys.stderr), message)

    def error(self, message: str) -> NoReturn:
        """Print usage and reason; exit with 2."""
        reason = f"{self.format_usage()}hint: {self.prog} --help says more\nerror: {message} {UsageError.code}\n"
        streams.put(sys.stderr, reason)
        self.exit(UsageError.code.exit_code)


class _Once(argparse.Action):
    """Stores a value, as argparse does, but never one over another."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, _option: object = None
    ) -> None:
        """Store `values`; a usage error if the option was given already."""
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "given twice: a board has one serial number")
        setattr(namespace, self.dest, values)


def _spelt_out(words: Sequence[str]) -> list[str]:
    """Give a bare `--power-cycle` its value: argparse would take the word behind it, which is the command."""
    end = words.index("--") if "--" in words else len(words)
    bare, spelt = "--power-cycle", f"--power-cycle={commands.DEFAULT_POWER_CYCLE_S}"
    return [*(spelt if word == bare else word for word in words[:end]), *words[end:]]


# -- arguments ---------------------------------------------------------------------------------------


_FORCED_HELP = {
    "lock": "set ROP, as the command lock does",
    "watchdog": "let a watchdog run from reset on where NRST is not seen to work",
    "brownout": "let the brown-out reset of an STM8L work at more than its lowest threshold",
    "tmu": "change what the temporary unprotection of an STM8AF needs",
    "uncertain": "change what is not known for sure",
}
_PROBE_HELP = "stlink (any), a serial number or its beginning, usb:BUS-PORT, sim:CHIPFILE, sim:FOLDER#WHICH"


def _common_options(probe_help: str = _PROBE_HELP) -> _Parser:
    """Options that may stand before or after the command; PlatformIO puts them before."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    add = common.add_argument
    add("--probe", metavar="P", help=probe_help)
    add("--part", metavar="NAME", help="the chip, such as stm8s103f3 or STM8S103F3P6; auto: what the chip tells")
    add("--region", metavar="R", help="flash, eeprom, options, ram, or ADDRESS:SIZE such as 0x8000:0x100")
    add("--base", metavar="ADDRESS", help="where a raw binary file begins")
    add("--unlock", choices=("auto", "never"), help="what write does with a read-protected chip (auto: erase it)")
    add("--verify", choices=("yes", "no"), help="whether write reads back what it programmed (yes)")
    add("--progress", choices=("auto", "bar", "lines"), help="how progress is shown")
    add(
        "--power-cycle",
        metavar="SECONDS",
        help="catch the chip while you switch the board's power off and on; bare, or =SECONDS "
        f"({commands.DEFAULT_POWER_CYCLE_S})",
    )
    add("-v", "--verbose", action="count", help="say more; -vv shows every command to the probe")
    return common


def _parser() -> _Parser:
    common = _common_options()
    parser = _Parser(
        prog="stm8tool",
        description="Flash STM8 microcontrollers over SWIM with an ST-LINK.",
        epilog="exit codes: 1 failed, 2 usage or file, 3 probe, 4 no answer from the chip, 5 protected, 6 verify, "
        "7 driver, permission or library, 130 interrupted",
        parents=[common],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"stm8tool {__version__}")
    known = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[..., None], help_text: str) -> _Parser:
        sub = known.add_parser(name, help=help_text, description=help_text, parents=[common], allow_abbrev=False)
        sub.set_defaults(run=run)
        return sub

    listed = command("list", commands.list_probes, "list the attached probes")
    listed.add_argument("--json", action="store_true", help="for programs: an array, an object for each probe")
    command("info", commands.info, "show the probe and what the chip shows")
    checked = command(
        "doctor", commands.doctor, "look at everything from Python to the chip, and explain what is wrong"
    )
    checked.add_argument("--report", metavar="FILE", help="write what was found as JSON, too, for a bug report")
    for name, run, help_text in (
        ("write", commands.write, "write files; only blocks that differ"),
        ("verify", commands.verify, "compare files with the chip"),
    ):
        sub = command(name, run, help_text)
        sub.add_argument(
            "files", nargs="+", metavar="FILE", help="Intel HEX, S-records, ELF, or raw with --base or --region"
        )
        sub.add_argument("--patch", action="append", default=[], metavar="ADDRESS=BYTES", help="other bytes, in hex")
        sub.add_argument("--fill", action="append", default=[], metavar="[ADDRESS:SIZE=]BYTE", help="fill the gaps")
        if run is commands.write:
            sub.add_argument(
                "--serial-number",
                action=_Once,
                metavar="ADDRESS,FORMAT,FILE",
                help="the next of those that FILE counts",
            )
            sub.add_argument("--options", action="store_true", help="write the option bytes of the files, too, last")
            _add_force_options(sub)
    read = command("read", memory_commands.read, "read a memory into a .hex, .s19 or .bin file")
    read.add_argument("output", metavar="OUT")
    read.add_argument("--all", action="store_true", help="flash, EEPROM and option bytes, for `restore`")
    restore = command("restore", memory_commands.restore, "bring back what `read --all` saved, option bytes last")
    restore.add_argument("file", metavar="FILE")
    restore.add_argument(
        "--force",
        action="store_true",
        help="also of another part, with gaps, or with option bytes that may lock us out",
    )
    erase = command("erase", memory_commands.erase, "erase a memory to 0x00")
    erase.add_argument("--all", action="store_true", help="flash and EEPROM")
    erase.add_argument("--range", metavar="ADDRESS:SIZE", help="these blocks only")
    started = command("run", memory_commands.run, "load files into RAM and run them there, until the next reset")
    started.add_argument("address", metavar="ADDRESS", help="where the CPU begins")
    started.add_argument("files", nargs="*", metavar="FILE", help="what belongs in RAM; raw with --base")
    started.set_defaults(patch=[], fill=[])
    command("unlock", commands.unlock, "remove read protection (erases a locked chip), restore factory option bytes")
    command("reset", commands.reset, "reset the chip and let its program run")
    locked = command(
        "lock", option_commands.lock, "set read protection: only an erase of everything opens the chip again"
    )
    locked.add_argument("--yes", action="store_true", help="do not ask")
    _add_options_commands(known, common)
    command("udev", commands.udev, "print the udev rule that lets every user of a Linux machine open the probes")

    parts = command("parts", part_commands.parts, "list the chips that are known, or show one whole")
    parts.add_argument("words", nargs="*", metavar="PATTERN", help="stm8s103f3, stm8s103, stm8l15?c6; or KEY=VALUE")
    parts.add_argument("--json", action="store_true", help="for programs: an array, an object for each part")

    sim = known.add_parser("sim", help="make and look at simulated boards", allow_abbrev=False)
    simulated = sim.add_subparsers(title="commands", metavar="COMMAND", required=True)
    create = simulated.add_parser(
        "create",
        help="make a simulated board",
        description="Make a simulated board: --part is its chip, --probe its ST-LINK (v1, v2, v21 or v3).",
        parents=[_common_options("the simulated ST-LINK: v1, v2, v21 or v3")],
        allow_abbrev=False,
    )
    create.add_argument("chipfile", metavar="CHIPFILE", help="use it as --probe sim:CHIPFILE")
    create.add_argument("--locked", action="store_true", help="ships read-protected, with a program in it")
    create.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option byte with its complement, or ADDRESS=VALUE for one byte alone",
    )
    create.add_argument("--fault", action="append", default=[], metavar="NAME[=ARG]", help="something that is broken")
    create.add_argument("--force", action="store_true", help="replace a file that exists")
    create.set_defaults(run=sim_commands.create)
    serve = simulated.add_parser("serve", help="put its probe on real USB", parents=[common], allow_abbrev=False)
    serve.add_argument("chipfile", metavar="CHIPFILE")
    serve.add_argument("--port", type=int, default=3240, metavar="N", help="TCP port (3240; 0: any that is free)")
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (this machine only)")
    serve.set_defaults(run=sim_commands.serve)
    show = simulated.add_parser("show", help="show what a simulated board holds", parents=[common], allow_abbrev=False)
    show.add_argument("chipfile", metavar="CHIPFILE")
    show.add_argument("--elf", metavar="FILE", help="the ELF of its program: names where the CPU is")
    show.set_defaults(run=sim_commands.show)
    ran = simulated.add_parser(
        "run", help="run its program and print what its UARTs send", parents=[common], allow_abbrev=False
    )
    ran.add_argument("chipfile", metavar="CHIPFILE")
    ran.add_argument("--until-uart", metavar="TEXT", help="end when a UART has sent this")
    ran.add_argument("--until-pc", metavar="ADDRESS", help="end at this address, or at a symbol of --elf")
    ran.add_argument("--for", dest="duration", metavar="TIME", help="end after this simulated time, such as 10ms (10s)")
    ran.add_argument("--elf", metavar="FILE", help="the ELF of its program, for symbols")
    ran.set_defaults(run=run_commands.run)
    return parser


def _add_force_options(command: _Parser) -> None:
    for name in commands.FORCED:
        command.add_argument(f"--force-{name}", action="store_true", help=_FORCED_HELP[name])


def _add_options_commands(known: argparse._SubParsersAction[_Parser], common: _Parser) -> None:
    options = known.add_parser("options", help="look at the option bytes and change them", allow_abbrev=False)
    commands_of_options = options.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[..., None], help_text: str) -> _Parser:
        sub: _Parser = commands_of_options.add_parser(
            name, help=help_text, description=help_text, parents=[common], allow_abbrev=False
        )
        sub.set_defaults(run=run)
        return sub

    command("show", option_commands.show, "show all option bytes, what they mean, and their factory values")
    changed = command("set", option_commands.set_values, "change option bytes; shows the whole change first")
    changed.add_argument(
        "settings", nargs="+", metavar="OPTION[.FIELD]=VALUE", help="UBC=none, UBC=1K, AFR=0x01, MISC.LSI_EN=1"
    )
    _add_force_options(changed)
    command("defaults", option_commands.defaults, "bring option bytes to their factory values")
    compared = command("diff", option_commands.diff, "compare the chip's option bytes with those of a file")
    compared.add_argument("file", metavar="FILE", help="an image, or what `options show` printed")
