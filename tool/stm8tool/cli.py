"""The command line: arguments in, sessions run, text and exit codes out.

Exit codes: 0 done, 1 failed, 2 usage or file, 3 probe, 4 no answer from the chip, 5 protected, 6 verify,
7 driver, permission or library, 130 interrupted (see errors.py). The last line on stderr is the reason.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, Optional

from . import __version__
from .errors import ToolError, UsageError

if TYPE_CHECKING:
    from .console import Console
    from .devices import Part, Region
    from .session import Session

_EXIT_INTERRUPTED = 130
_DEFAULTS = {
    "probe": "stlink",
    "part": None,
    "region": None,
    "base": None,
    "unlock": "auto",
    "verify": "yes",
    "progress": "auto",
    "verbose": 0,
}


def entry() -> None:
    """Console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name must not end the program
    code = 1
    try:
        try:
            code = main()
        finally:  # argparse leaves by SystemExit
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output is gone; without this Python complains once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command; return its exit code."""
    arguments = _parser().parse_args(argv)
    for name, value in _DEFAULTS.items():
        if not hasattr(arguments, name):
            setattr(arguments, name, value)
    from .console import Console
    from .interrupts import terminate_like_ctrl_c

    console = Console(arguments.progress)
    _set_up_logging(console, arguments.verbose)
    terminate_like_ctrl_c()
    try:
        arguments.run(arguments, console)
    except ToolError as exc:
        if arguments.verbose > 1:
            import traceback

            traceback.print_exc()
        console.error(exc)
        return exc.exit_code
    except KeyboardInterrupt:
        console.interrupt()
        writes = arguments.run in (_write, _erase, _unlock)
        half = "; the chip may be half-written: run the command again" if writes else ""
        sys.stderr.write(f"interrupted: the probe is released{half}\n")
        return _EXIT_INTERRUPTED
    return 0


def _set_up_logging(console: Console, verbosity: int) -> None:
    import logging

    from .console import LogHandler

    logger = logging.getLogger("stm8tool")
    logger.handlers = [LogHandler(console)]
    logger.propagate = False
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)])


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in the form of every other reason: `error: …`, last line on stderr."""

    def error(self, message: str) -> NoReturn:
        """Print usage and reason; exit with 2."""
        self.exit(UsageError.exit_code, f"{self.format_usage()}hint: {self.prog} --help says more\nerror: {message}\n")


# -- arguments ---------------------------------------------------------------------------------------


_PROBE_HELP = "stlink (any), a serial number or its beginning, usb:BUS-PORT, sim:CHIPFILE"


def _common_options(probe_help: str = _PROBE_HELP) -> _Parser:
    """Options that may stand before or after the command; PlatformIO puts them before."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    add = common.add_argument
    add("--probe", metavar="P", help=probe_help)
    add("--part", metavar="NAME", help="the chip, such as stm8s103f3 or STM8S103F3P6")
    add("--region", metavar="R", help="flash, eeprom, options, or ADDRESS:SIZE such as 0x8000:0x100")
    add("--base", metavar="ADDRESS", help="where a raw binary file begins")
    add("--unlock", choices=("auto", "never"), help="what write does with a read-protected chip (auto: erase it)")
    add("--verify", choices=("yes", "no"), help="whether write reads back what it programmed (yes)")
    add("--progress", choices=("auto", "bar", "lines"), help="how progress is shown")
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
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: object, help_text: str) -> _Parser:
        sub = commands.add_parser(name, help=help_text, description=help_text, parents=[common], allow_abbrev=False)
        sub.set_defaults(run=run)
        return sub

    listed = command("list", _list, "list the attached probes")
    listed.add_argument("--json", action="store_true", help="for programs: an array, an object for each probe")
    command("info", _info, "show the probe and what the chip shows")
    command("write", _write, "write files; only blocks that differ").add_argument("files", nargs="+", metavar="FILE")
    command("verify", _verify, "compare files with the chip").add_argument("files", nargs="+", metavar="FILE")
    command("read", _read, "read a memory into a .hex or .bin file").add_argument("output", metavar="OUT")
    command("erase", _erase, "erase a memory to 0x00")
    command("unlock", _unlock, "remove read protection (erases a locked chip), restore factory option bytes")
    command("reset", _reset, "reset the chip and let its program run")
    command("udev", _udev, "print the udev rule that lets every user of a Linux machine open the probes")

    sim = commands.add_parser("sim", help="make and look at simulated boards", allow_abbrev=False)
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
    create.add_argument("--fault", action="append", default=[], metavar="NAME[=ARG]", help="something that is broken")
    create.add_argument("--force", action="store_true", help="replace a file that exists")
    create.set_defaults(run=_sim_create)
    serve = simulated.add_parser("serve", help="put its probe on real USB", parents=[common], allow_abbrev=False)
    serve.add_argument("chipfile", metavar="CHIPFILE")
    serve.add_argument("--port", type=int, default=3240, metavar="N", help="TCP port (3240; 0: any that is free)")
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (this machine only)")
    serve.set_defaults(run=_sim_serve)
    show = simulated.add_parser("show", help="show what a simulated board holds", parents=[common], allow_abbrev=False)
    show.add_argument("chipfile", metavar="CHIPFILE")
    show.set_defaults(run=_sim_show)
    return parser


def _part(arguments: argparse.Namespace) -> Optional[Part]:
    from .devices import find_part

    return None if arguments.part is None else find_part(arguments.part)


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise UsageError(f"'{text}' is no number", hint="write 0x8000 or 32768") from None


def _base(arguments: argparse.Namespace) -> Optional[int]:
    """Return the address that `--base` gives."""
    if arguments.base is None:
        return None
    base = _number(arguments.base)
    if base < 0:
        raise UsageError(f"--base {arguments.base} is no address", hint="write 0x8000 or 32768")
    return base


def _region(arguments: argparse.Namespace, part: Part, default: str) -> Region:
    """Return the one region that `--region` names."""
    from .devices import Region

    name = arguments.region or default
    memories = {"flash": part.flash, "eeprom": part.eeprom, "options": part.options}
    if name in memories:
        region = memories[name]
        if region is None:
            raise UsageError(f"the {part.name} has no separate EEPROM", hint="use --region flash")
        return region
    start, colon, size = name.partition(":")
    if not colon:
        raise UsageError(f"unknown region '{name}'", hint="use flash, eeprom, options or ADDRESS:SIZE")
    region = Region("range", _number(start), _number(size))
    known = [memory for memory in (*part.memories, part.ram, part.boot_rom) if memory is not None]
    if region.size < 1 or not any(m.start <= region.start and region.end <= m.end for m in known):
        raise UsageError(
            f"0x{region.start:06X}:{region.size} is not inside one memory of the {part.name}",
            hint="it has " + ", ".join(str(memory) for memory in known),
        )
    return region


def _writable(arguments: argparse.Namespace, part: Part) -> list[Region]:
    """Return the memories that a write may touch: flash and EEPROM, or the one named."""
    programmable = [memory for memory in (part.flash, part.eeprom) if memory is not None]
    if arguments.region is None:
        return programmable
    region = _region(arguments, part, "flash")
    if not any(m.start <= region.start and region.end <= m.end for m in programmable):
        raise UsageError(
            f"{region} cannot be written: only flash and EEPROM can",
            hint="`unlock` brings the option bytes to their factory values",
        )
    return [region]


def _open(arguments: argparse.Namespace, console: Console, part: Optional[Part]) -> Session:
    from .session import Session, open_transport

    return Session(open_transport(arguments.probe), part, console.progress)


def _required_part(arguments: argparse.Namespace) -> Part:
    part = _part(arguments)
    if part is None:
        raise UsageError("which chip?", hint="name it with --part, for example --part stm8s103f3")
    return part


def _blocks(count: int) -> str:
    return f"{count} block" if count == 1 else f"{count} blocks"


# -- commands ----------------------------------------------------------------------------------------


def _list(arguments: argparse.Namespace, console: Console) -> None:
    from .probe import listing
    from .session import SIM_PREFIX, open_transport

    others: Sequence[str] = ()
    if arguments.probe.startswith(SIM_PREFIX):
        probes = [listing.simulated(open_transport(arguments.probe))]
    else:
        probes, others = listing.attached()
    if arguments.json:
        import json

        console.say(json.dumps([probe._asdict() for probe in probes], indent=2))
        return
    for line in listing.table(probes, others):
        console.say(line)


def _write(arguments: argparse.Namespace, console: Console) -> None:
    from . import image

    part = _required_part(arguments)
    regions = _writable(arguments, part)
    content = image.load(arguments.files, _base(arguments))
    content.check_inside(regions)
    with _open(arguments, console, part) as session:
        console.say(f"{session.probe.model} {session.probe.firmware}, {part.name}")
        result = session.write(content, regions, unlock=arguments.unlock == "auto", verify=arguments.verify == "yes")
    if result.unlocked and result.unlocked.erased:
        console.say("read protection removed, option bytes at factory values, read back")
    written = result.written
    if not written.programmed:
        console.say(f"nothing to do: the chip already holds the image ({_blocks(written.compared)} compared)")
    else:
        checked = "and verified" if arguments.verify == "yes" else "(not verified)"
        console.say(f"{written.programmed} of {_blocks(written.compared)} of {written.block} bytes written {checked}")
    console.say("the program runs")


def _verify(arguments: argparse.Namespace, console: Console) -> None:
    from . import image

    part = _required_part(arguments)
    regions = [_region(arguments, part, "flash")] if arguments.region else list(part.memories)
    content = image.load(arguments.files, _base(arguments))
    content.check_inside(regions)
    with _open(arguments, console, part) as session:
        equal = session.verify(content, regions)
    console.say(f"verified: {equal} bytes are equal")


def _read(arguments: argparse.Namespace, console: Console) -> None:
    from . import image

    part = _required_part(arguments)
    region = _region(arguments, part, "flash")
    image.check_output(arguments.output)
    with _open(arguments, console, part) as session:
        data = session.read(region)
    image.save(arguments.output, [image.Segment(region.start, data)])
    console.say(f"{len(data)} bytes of {region} saved to {arguments.output}")


def _erase(arguments: argparse.Namespace, console: Console) -> None:
    from .session import require_whole_blocks

    part = _required_part(arguments)
    regions = _writable(arguments, part) if arguments.region else [part.flash]
    require_whole_blocks(regions[0], part)
    with _open(arguments, console, part) as session:
        result = session.erase(regions[0])
    console.say(f"{regions[0]} is erased ({_blocks(result.programmed)}; the others were blank)")


def _unlock(arguments: argparse.Namespace, console: Console) -> None:
    part = _required_part(arguments)
    with _open(arguments, console, part) as session:
        result = session.unlock()
    if result.erased:
        console.say(
            "unlocked: read protection is off, the chip is erased, option bytes are at factory values, read back"
        )
    elif result.restored:
        console.say(f"not read-protected, nothing erased; back at factory values: {', '.join(result.restored)}")
    else:
        console.say("not read-protected, option bytes are at factory values: nothing to do")


def _reset(arguments: argparse.Namespace, console: Console) -> None:
    with _open(arguments, console, _part(arguments)) as session:
        session.reset()
    console.say("the chip was reset and runs")


def _info(arguments: argparse.Namespace, console: Console) -> None:
    part = _part(arguments)
    with _open(arguments, console, part) as session:
        probe = session.probe
        console.say(f"probe:      {probe.model}, firmware {probe.firmware}")
        console.say(f"serial:     {probe.identity.serial or 'unknown'}, {probe.identity.path}")
        supply = session.supply_mv
        seen = "not measured" if supply is None else f"{supply / 1000:.2f} V as the probe sees it"
        console.say(f"supply:     {seen}")
        info = session.info()
    console.say(f"connected:  {info.recipe}; the wire runs at {'high' if info.high_speed else 'low'} speed")
    families = {"stm8s": "STM8S, STM8AF or relatives", "stm8l": "STM8L or STM8AL", None: "its registers do not tell"}
    console.say(f"family:     {families[info.register_map]}")
    if part is None or info.protection is None:
        console.say("give --part to see protection and option bytes")
        return
    console.say(f"part:       {part.name} (figures of {part.confidence} confidence)")
    state = "ON: reads are blocked, an upload erases the chip first" if info.protection.locked else "off"
    console.say(f"protection: {state} ({info.protection.evidence})")
    for option in info.options:
        name, value = option.option.name, option.value
        note = "" if option.is_factory else f", factory 0x{option.option.default:02X}"
        if not option.consistent:
            note += ", complement does not match: the chip uses the factory value"
        console.say(f"  {name:<13}  0x{option.option.address:04X}  0x{value:02X}{note}")
    if info.unique_id is not None:
        console.say(f"unique ID:  {info.unique_id.hex().upper()}")


def _udev(_arguments: argparse.Namespace, console: Console) -> None:
    from .transport.usb_access import UDEV_RULES

    console.say(UDEV_RULES.rstrip())


def _sim_create(arguments: argparse.Namespace, console: Console) -> None:
    from .sim import store

    part = _required_part(arguments)
    model = "v2" if arguments.probe == _DEFAULTS["probe"] else arguments.probe
    store.create(
        arguments.chipfile,
        part,
        model,
        locked=arguments.locked,
        faults=arguments.fault,
        overwrite=arguments.force,
    )
    state = "read-protected" if arguments.locked else "blank"
    console.say(f"{arguments.chipfile}: a simulated {part.name}, {state}, on an ST-LINK {model}")
    console.say(f"use it with --probe sim:{arguments.chipfile}, or upload_port = sim:{arguments.chipfile}")


def _sim_serve(arguments: argparse.Namespace, console: Console) -> None:
    from .sim.usbip import export

    try:
        export.serve(arguments.chipfile, arguments.host, arguments.port, console.say)
    except KeyboardInterrupt:
        console.say(f"{arguments.chipfile} is saved")


def _sim_show(arguments: argparse.Namespace, console: Console) -> None:
    from .sim import store

    report = store.describe(arguments.chipfile)
    console.say(f"{report.part} on a simulated ST-LINK {report.model}, serial {report.serial}")
    console.say(f"  CPU            {report.state}" + (f"; BRICKED: {report.bricked}" if report.bricked else ""))
    console.say(f"  protection     {'ON (read-protected)' if report.locked else 'off'}")
    for memory in report.memories:
        console.say(
            f"  {memory.name:<13}  {memory.used} of {memory.size} bytes are not 0x00, CRC-32 {memory.crc32:08X}, "
            f"block programmed {memory.max_wear} times at most, {memory.total_wear} in all"
        )
    for option in report.options:
        notes = [] if option.value == option.default else [f"factory 0x{option.default:02X}"]
        notes += [] if option.intact else ["complement does not match"]
        text = f"  {option.name:<13}  0x{option.address:04X} = 0x{option.value:02X}"
        console.say(text + (f"  ({', '.join(notes)})" if notes else ""))
    lines = "low" if report.nrst_low else "high"
    console.say(
        f"  probe          mode {report.probe_mode}, NRST {lines}, SWIM {'active' if report.swim_active else 'off'}"
    )
    for fault in report.faults:
        console.say(f"  fault          {fault}")
    console.say(f"  last run       {report.transfers} USB transfers, {report.seconds:.3f} s of simulated time")
