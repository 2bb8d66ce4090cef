"""What PlatformIO asks of the platform: which packages a run needs, and what a board can do.

PlatformIO loads this file alone, by its path: no import of a sibling, no work at import time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

from platformio.public import PlatformBase

# These only talk to the probe or the chip: nothing is compiled for them.
PROBE_TARGETS = frozenset(["unlock", "erase", "reset", "list-probes", "probe-info", "doctor"])


class Ststm8Platform(PlatformBase):  # type: ignore[misc]  # PlatformIO carries no types
    """The development platform `ststm8`."""

    def is_embedded(self) -> bool:
        """Core looks for a package of type "uploader"; the flasher is part of the platform instead."""
        return True

    @staticmethod
    def builds(targets: Sequence[str]) -> bool:
        """Whether a run for `targets` compiles: not with nobuild, nor for the probe alone."""
        return "nobuild" not in targets and not (targets and PROBE_TARGETS.issuperset(targets))

    def configure_default_packages(self, options: dict[str, Any], targets: Sequence[str]) -> Any:
        """Ask for no package that the run can do without: each costs a minute where no registry answers."""
        result = super().configure_default_packages(options, targets)
        packages = self.packages
        for package in packages.values():
            if package.get("type") != "toolchain" or not self.builds(targets):
                package["optional"] = True
        if "__debug" in targets:
            packages["tool-stm8binutils"]["optional"] = False  # it holds stm8-gdb
        return result

    def get_boards(self, id_: Optional[str] = None) -> Any:
        """Return one board or all of them, each with the debug tools that reach it."""
        boards = super().get_boards(id_)
        for board in [boards] if id_ else boards.values():
            self._add_openocd(board.manifest.setdefault("debug", {}))
        return boards

    @staticmethod
    def _add_openocd(debug: dict[str, Any]) -> None:
        if "openocd_board" in debug:
            config = ["-f", f"board/{debug['openocd_board']}.cfg"]
        elif "openocd_target" in debug:
            config = ["-f", "interface/stlink-dap.cfg", "-f", f"target/{debug['openocd_target']}.cfg"]
        else:
            return
        debug.setdefault("tools", {})["stlink"] = {
            "server": {
                "package": "tool-openocd",
                "executable": "bin/openocd",
                "arguments": ["-s", "$PACKAGE_DIR/scripts", *config, *debug.get("openocd_extra_args", [])],
            },
            "onboard": "stlink" in debug.get("onboard_tools", []),
            "default": "stlink" in debug.get("default_tools", []),
        }
