"""Tell PlatformIO which packages a run needs and which debug tools a board has.

PlatformIO loads this file alone, by its path. So this file imports no sibling and does no work at import time.
PlatformIO names the module platformio.platform.…

`python -m pytest` looks for modules in the checkout's root. Such a Python takes this file for the standard module
`platform`, so the first branch below loads the standard module instead.
"""

from __future__ import annotations

import sys

if __name__ == "platform":
    import importlib.util
    from importlib.machinery import PathFinder
    from pathlib import Path

    _here = Path(__file__).resolve().parent
    _elsewhere = [_folder for _folder in sys.path if Path(_folder).resolve() != _here]
    _standard = PathFinder.find_spec("platform", _elsewhere)
    if not _standard or not _standard.loader:
        raise ImportError("the standard module platform is missing", name="platform")
    sys.modules["platform"] = importlib.util.module_from_spec(_standard)
    _standard.loader.exec_module(sys.modules["platform"])
else:
    import difflib
    import importlib
    import importlib.util
    import json
    import re
    import runpy
    import subprocess
    from collections.abc import Callable, Sequence
    from functools import cache
    from pathlib import Path
    from typing import Any, Optional

    import click
    from platformio.exception import UserSideException
    from platformio.platform import exception
    from platformio.public import PlatformBase

    _PORT_PACKAGE = "stm8serial"
    _TEST_PACKAGE = "stm8test"
    _DEBUG_TOOL = "stm8tool"

    @cache
    def _compile_nothing() -> Callable[[Sequence[str]], bool]:
        """Return `compile_nothing` of the table of targets. It tells whether a run needs no compiler."""
        table = runpy.run_path(str(Path(__file__).resolve().with_name("builder") / "stm8build" / "targets.py"))
        found: Callable[[Sequence[str]], bool] = table["compile_nothing"]
        return found

    def _load_package(name: str) -> None:
        """Load a package of the folder builder, by its path: that folder holds names of other packages, too."""
        if name in sys.modules:
            return
        folder = Path(__file__).resolve().with_name("builder") / name
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec and spec.loader:
            sys.modules[name] = package = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(package)

    def _register_port() -> None:
        """Tell pyserial of the port swim://, for `pio device monitor` and `pio test`."""
        serial = sys.modules.get("serial")  # a run that opens no port has not loaded it
        if serial is not None and _PORT_PACKAGE not in sys.modules:
            _load_package(_PORT_PACKAGE)
            serial.protocol_handler_packages.append(_PORT_PACKAGE)

    class UnknownBoard(exception.UnknownBoard):  # type: ignore[misc]  # PlatformIO carries no types
        """PlatformIO's error with a hint. PlatformIO also shows the name of the class."""

        MESSAGE = "Unknown board ID '{0}'\nhint: {1}"

    class Ststm8Platform(PlatformBase):  # type: ignore[misc]  # PlatformIO carries no types
        """The development platform `ststm8`."""

        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            _register_port()

        def is_embedded(self) -> bool:
            """Return True: Core looks for a package of type "uploader", but here the platform has the flasher."""
            return True

        @staticmethod
        def builds(targets: Sequence[str]) -> bool:
            """Tell whether a run compiles. It does not with nobuild, or if all targets only talk to probe or chip."""
            return "nobuild" not in targets and not _compile_nothing()(targets)

        def configure_default_packages(self, options: dict[str, Any], targets: Sequence[str]) -> Any:
            """Ask only for packages that the run needs: each costs a minute if the registry does not answer."""
            for name in ("board_upload.maximum_size", "board_upload.maximum_ram_size"):
                if not str(options.get(name, "0")).isdecimal():  # Core would end with a traceback
                    raise UserSideException(f"{name} = {options[name]} is not a number of bytes, such as 8192")
            result = super().configure_default_packages(options, targets)
            if "test-runner" in targets:  # before PlatformIO looks for the runner, which may still be missing
                self._write_test_runner(options)
            if _PORT_PACKAGE in sys.modules:
                sys.modules[_PORT_PACKAGE].environment = self.project_env or ""  # type: ignore[attr-defined]
            packages = self.packages
            frameworks = (
                [name.strip().lower() for name in options.get("framework") or []] if self.builds(targets) else []
            )
            needed = {self.frameworks[name]["package"] for name in frameworks if name in self.frameworks}
            if self.builds(targets) and options.get("board_build.sdcc") != "system":  # then PATH has an SDCC
                needed.add("toolchain-sdcc")
            if "arduino" in frameworks:
                # sduino's compiled libraries use the calling convention of SDCC before 4.2.
                packages["toolchain-sdcc"]["version"] = packages["toolchain-sdcc"]["optionalVersions"][0]
            if "upload" in targets:
                needed |= self._upload_packages(options)
            if "__debug" in targets:
                needed.add("tool-stm8binutils")  # it holds stm8-gdb
            for name, package in packages.items():
                package["optional"] = name not in needed
            return result

        def test_runner(self, *arguments: Any, **settings: Any) -> Any:
            """Return the runner of `pio test`; the file that `test-runner` writes calls this with Core's arguments."""
            _load_package(_TEST_PACKAGE)
            runner = importlib.import_module(f"{_TEST_PACKAGE}.runner")
            return runner.PlatformTestRunner(*arguments, **settings)

        def _write_test_runner(self, options: dict[str, Any]) -> None:
            _load_package(_TEST_PACKAGE)
            project_file = importlib.import_module(f"{_TEST_PACKAGE}.project_file")
            folder = Path(self.config.get("platformio", "test_dir"))
            problem = project_file.write(folder, str(options.get("test_framework", "")))
            if problem:
                raise UserSideException(problem)

        def _upload_packages(self, options: dict[str, Any]) -> set[str]:
            """Return the packages that `upload` needs: none, except for a command of the project that has $UPLOADER.

            In ststm8 2.1.0 that is stm8gal if the protocol is `serial`.
            """
            command = options.get("upload_command") or ""
            if not options.get("board") or not re.search(r"\$\{?UPLOADER\b", command):
                return set()
            upload = self.board_config(options["board"]).get("upload", {})
            protocol = options.get("upload_protocol") or upload.get("protocol")
            if protocol != "serial" or "serial" not in upload.get("protocols", ["serial"]):
                return set()  # a board that does not list it is refused, see builder/stm8build/option_problems.py
            context = click.get_current_context(silent=True)  # PlatformIO passes --upload-port only to the build
            port = (context and context.params.get("upload_port")) or options.get("upload_port") or ""
            no_uart = ("sim:", "usb:", "usbip:", "espstlink:", "rp2040:")
            return set() if port.startswith(no_uart) else {"tool-stm8gal"}

        def get_boards(self, id_: Optional[str] = None) -> Any:
            """Return one board or all boards, each with its debug tools."""
            try:
                boards = super().get_boards(id_)
            except exception.UnknownBoard as exc:
                raise UnknownBoard(id_, self._where_boards_are(str(id_))) from exc
            for board in [boards] if id_ else boards.values():
                debug = board.manifest.setdefault("debug", {})
                self._add_openocd(debug)
                self._add_own_server(debug)
            return boards

        @staticmethod
        def _add_own_server(debug: dict[str, Any]) -> None:
            """Add the flasher's GDB server; `configure_debug_session` fills in its arguments."""
            debug.setdefault("tools", {})[_DEBUG_TOOL] = {
                "server": {
                    "executable": "$PYTHONEXE",
                    "arguments": [],
                    "ready_pattern": "gdbserver: listening on",
                },
                "onboard": False,
                "default": _DEBUG_TOOL in debug.get("default_tools", []),
            }

        def configure_debug_session(self, debug_config: Any) -> None:
            """Give the flasher's GDB server its command line, and GDB the port of it."""
            project = debug_config.env_options
            if debug_config.tool_name != _DEBUG_TOOL or not debug_config.server or project.get("debug_server"):
                return
            root = Path(__file__).resolve().parent
            sys.path.insert(0, str(root / "builder"))
            try:
                from stm8build import debug_server
            finally:
                sys.path.remove(str(root / "builder"))
            board = debug_config.board_config
            mcu = project.get("board_build.mcu") or board.get("build.mcu", "")
            try:
                server = debug_server.server(
                    project, board.get("upload", {}), mcu, project.get("debug_port") or "", debug_config.program_path
                )
            except ValueError as exc:
                raise UserSideException(str(exc)) from exc
            if server.making:
                words = [sys.executable, str(root / "tool"), *server.making]
                made = subprocess.run(words, capture_output=True, encoding="utf-8", errors="replace", check=False)
                if made.returncode:  # stdout can belong to the protocol of an IDE
                    raise UserSideException(made.stderr.strip())
            debug_config.port = f":{server.port}"
            debug_config.server["arguments"] = [str(root / "tool"), *server.words]

        def _where_boards_are(self, id_: str) -> str:
            """Return the hint for an unknown board: similar names, and the place for a board file of your own."""
            own = Path(self.get_dir(), "boards")
            project, core = (Path(self.config.get("platformio", name)) for name in ("boards_dir", "core_dir"))
            users = [project, core / "boards"]
            for path in (folder / f"{id_}.json" for folder in (*users, own)):
                if path.is_file():
                    return f'{path} is not for this platform; write "platform": "{self.name}" in it'
            platforms = Path(self.config.get("platformio", "platforms_dir"))
            for path in platforms.glob(f"{self.name}*/boards/*.json"):
                if path.stem == id_:
                    return f"copy {path} to {users[0]}, for this project, or to {users[1]}, for all projects"
            # Similar means: the name begins a chip's name, or it resembles a board's name with or without generic_.
            wanted = id_.lower()
            chips = {
                path.stem: json.loads(path.read_text(encoding="utf-8"))["build"]["mcu"] for path in own.glob("*.json")
            }
            found = [name for name in sorted(chips, key=len) if len(wanted) >= 8 and chips[name].startswith(wanted)]
            names = {path.stem: path.stem for folder in (*users, own) for path in sorted(folder.glob("*.json"))}
            names = {**{name.replace("generic_", ""): name for name in names}, **names}
            found += [names[name] for name in difflib.get_close_matches(wanted, names, 5, 0.75)]
            meant = ", ".join([*dict.fromkeys(found)][:5])
            return (
                (f"did you mean {meant}? " if meant else "docs/boards.md in the platform's folder lists all boards. ")
                + f"A board of your own is the file {id_}.json in {users[0]}, for this project, or in {users[1]}, "
                + "for all projects. Do not keep it in the platform's folder: an update removes it"
            )

        @staticmethod
        def _add_openocd(debug: dict[str, Any]) -> None:
            if "openocd_board" in debug:
                config = ["-f", f"board/{debug['openocd_board']}.cfg"]
            elif "openocd_target" in debug:
                config = ["-f", "interface/stlink-dap.cfg"]
                for name, value in debug.get("openocd_variables", {}).items():  # before the file that reads them
                    config += ["-c", f"set {name} {value}"]
                config += ["-f", f"target/{debug['openocd_target']}.cfg"]
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
