"""Activate the driver of an environment file, ENVIRONMENT; say so, and keep the probe until stdin ends."""

from __future__ import annotations

import sys

from labgrid import Environment


def main() -> None:
    target = Environment(sys.argv[1]).get_target()
    target.get_driver("Stm8ToolDriver")
    print("holding", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
