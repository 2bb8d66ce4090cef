"""The commands of `python3 dev.py …`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import dev

from . import checking, core, demo, generating, releasing, testing
from .environments import virtual_environment
from .system import ROOT, SetupError, run


def bench(words: list[str]) -> int:
    """Print the figures of tests/benchmark.py; the virtual machine that they need is made before."""
    python = virtual_environment()
    code = 0 if "--quick" in words else testing.machine_for("--vm", python)
    return code or run(python, ROOT / "tests" / "benchmark.py", *words)


def docs() -> int:
    """Build the docs site."""
    return run(virtual_environment(), "-I", ROOT / "dev" / "docs_site.py", ROOT / "dist" / "site")


COMMANDS = {
    "demo": demo.demo,
    "docs": docs,
    "generate": generating.generate,
    "release": releasing.release,
}


def main() -> int:
    """Run a command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="dev.py", description=dev.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        commands.add_parser(name)
    commands.add_parser("test", add_help=False)  # -h is pytest's
    commands.add_parser("bench", add_help=False)  # -h is that of tests/benchmark.py
    directory = commands.add_parser("core")
    directory.add_argument("--dir", type=Path, required=True)
    directory.add_argument("--sdcc", choices=(core.BETTER, core.ON_PATH), default=core.BETTER)
    directory.add_argument("--python", type=Path)
    commands.add_parser("check").add_argument("names", nargs="*", metavar="NAME")
    options, rest = parser.parse_known_args()
    if rest and options.command not in ("test", "bench"):
        parser.error(f"unknown: {' '.join(rest)}")
    try:
        if options.command == "core":
            core.prepare_core(options.dir.resolve(), options.sdcc, options.python)
            return 0
        if options.command == "test":
            return testing.test(rest)
        if options.command == "bench":
            return bench(rest)
        return checking.check(options.names) if options.command == "check" else COMMANDS[options.command]()
    except SetupError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
