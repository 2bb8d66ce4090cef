"""Real PlatformIO for the tests: a private core directory, projects in it, and the builder's modules."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Optional

from patience import LIMIT_S, ended
from warm_pio import WarmPio

ROOT = Path(__file__).resolve().parent.parent
BOARDS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "boards").glob("*.json"))}

# PlatformIO needs seconds for each; what differs between the others is a number or a macro, which pure tests compare.
UPSTREAM_BOARDS = [
    *("mb208", "nucleo_8s207k8", "nucleo_8s208rb", "s8uno"),
    *("stm8s003f3", "stm8sblack", "stm8sblue", "stm8sdisco"),
]
OTHER_BOARDS = [
    *("nucleo_8l152r8", "stm8l101f3_minimal", "stm8_so8_disco_l050", "stm8a_discovery_af", "stm8a_discovery_al"),
    *("stm8s903k3", "generic_stm8af6223", "generic_stlux385a", "generic_stnrg388a"),
]

FOREIGN_PACKAGE = re.compile(r"Installing platformio/(?!tool-scons|toolchain-sdcc)\S+")

MAIN_C = """
#include <stdint.h>
volatile uint8_t zeroed[20];
volatile uint16_t initialised = 0x1234;
const char text[] = "hello";
void main(void) { for (;;) { zeroed[initialised++ % 20] = text[2]; } }
"""

# Stands where the flasher is, and writes down how it was called.
RECORDER = """
import json, os, sys
with open("calls.jsonl", "a", encoding="utf-8") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
"""
USE_RECORDER = """
Import("env")
env.Replace(STM8TOOL=env.subst("$PROJECT_DIR/recorder.py"))
"""


def write_program(file: Path, code: str) -> None:
    """Write a Python program that starts by its own name; Windows has a script for that, and finds it by that name."""
    if os.name == "nt":
        file.with_suffix(".py").write_text(code, encoding="utf-8")
        file.with_suffix(".bat").write_text(f'@"{sys.executable}" "%~dpn0.py" %*\n', encoding="utf-8")
    else:
        file.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
        file.chmod(0o755)


def load(file: Path) -> ModuleType:
    """Return a file as a module; PlatformIO's folders are not packages."""
    spec = importlib.util.spec_from_file_location(f"loaded_{file.stem}", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dev_module(name: str) -> ModuleType:
    """Return dev/NAME.py: the root, in which platform.py lies, is not among the folders of modules."""
    if "dev" not in sys.modules:
        folder = ROOT / "dev"
        spec = importlib.util.spec_from_file_location(
            "dev", folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec
        assert spec.loader
        sys.modules["dev"] = package = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
    return importlib.import_module(f"dev.{name}")


@dataclass(frozen=True)
class Result:
    """What a command did; `output` is stdout, then stderr."""

    code: int
    output: str

    @property
    def errors(self) -> list[str]:
        """The lines that begin with "error:"."""
        return [line for line in self.output.splitlines() if line.startswith("error:")]


@dataclass(frozen=True)
class Core:
    """A PlatformIO core directory that holds this platform."""

    folder: Path
    warm: Optional[WarmPio] = None  # it runs `pio` without the imports of a new process

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the variables for a quiet `pio` that never asks the network for itself."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLATFORMIO_")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # or every run compiles SCons anew: a third of its time
        return {
            **inherited,
            "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode"),  # not in the checkout
            "PLATFORMIO_CORE_DIR": str(self.folder),
            "PLATFORMIO_DISABLE_PROGRESSBAR": "true",
            "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
            "PLATFORMIO_NO_ANSI": "true",
            "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "3650",
            "PLATFORMIO_SETTING_CHECK_PRUNE_SYSTEM_THRESHOLD": "0",
            "PLATFORMIO_SETTING_DISABLE_UDEV_RULES_CHECK": "yes",
            "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
            "PYTHONIOENCODING": "utf-8",  # as it is read below; on Windows a pipe would get the system's code page
            **variables,
        }

    def start(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        """Start `pio` with these arguments."""
        return subprocess.Popen(
            [sys.executable, "-m", "platformio", *arguments],
            cwd=cwd,
            env=self.environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def pio(self, *arguments: str, cwd: Path, answer: str = "", **variables: str) -> Result:
        """Run `pio` with these arguments; it may not ask for a package that the platform can do without."""
        if self.warm:
            code, output = self.warm.run(arguments, cwd, self.environment(**variables), answer)
            return checked(Result(code, output))
        return finish(self.start(*arguments, cwd=cwd, **variables), answer)

    def sdcc(self) -> str:
        """Return the compiler that PlatformIO uses."""
        return str(self.folder / "packages" / "toolchain-sdcc" / "bin" / "sdcc")


def finish(process: subprocess.Popen[str], answer: str = "") -> Result:
    """Wait for a command that `Core.start` started, with `answer` on its stdin."""
    stdout, stderr = ended(process, answer)
    return checked(Result(process.returncode, stdout + stderr))


def checked(result: Result) -> Result:
    """Return a result, unless PlatformIO asked for a package that the platform can do without."""
    assert not FOREIGN_PACKAGE.search(result.output), result.output
    return result


@dataclass(frozen=True)
class Project:
    """A PlatformIO project with one source file."""

    core: Core
    folder: Path

    def configure(self, *environments: str, recorder: bool = False) -> None:
        """Write platformio.ini; each environment is its name, which is its board, and then its options by lines."""
        text = "[env]\nplatform = ststm8\n"
        if recorder:
            (self.folder / "recorder.py").write_text(RECORDER, encoding="utf-8")
            (self.folder / "use_recorder.py").write_text(USE_RECORDER, encoding="utf-8")
            text += "extra_scripts = post:use_recorder.py\n"
        for environment in environments:
            name, _, options = environment.partition("\n")
            text += f"[env:{name}]\nboard = {name}\n{options}\n"
        (self.folder / "platformio.ini").write_text(text, encoding="utf-8")

    def source(self, code: str, name: str = "main.c") -> None:
        """Write a source file."""
        file = self.folder / "src" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code, encoding="utf-8")

    def run(self, *targets: str, options: tuple[str, ...] = (), answer: str = "", **variables: str) -> Result:
        """Run `pio run` for these targets."""
        chosen = [word for target in targets for word in ("-t", target)]
        return self.core.pio("run", *options, *chosen, cwd=self.folder, answer=answer, **variables)

    def typed(self, command: str) -> Result:
        """Run a command as a page has it: PlatformIO, or the tool by one of its names."""
        name, *words = shlex.split(command)
        if name == "pio":
            return self.core.pio(*words, cwd=self.folder)
        if name == "python3":
            assert words.pop(0) == "~/.platformio/platforms/ststm8/tool"
        else:
            assert name == "stm8tool"
        return stm8tool(*words, cwd=self.folder)

    def built(self, name: str, environment: str = "stm8sblue") -> Path:
        """Return the path of a file in the build directory."""
        return self.folder / ".pio" / "build" / environment / name

    def calls(self) -> list[list[str]]:
        """Return the arguments of each call of the flasher, where a recorder stands in its place."""
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def run_at_once(projects: list[Project]) -> list[Result]:
    """Run `pio run` for each project, as many at once as there are cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(Project.run, projects))


def stm8tool(*arguments: str, cwd: Path) -> Result:
    """Run the flasher as the builder does, by its folder."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tool"), *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    return Result(done.returncode, done.stdout + done.stderr)


def loaded_bytes(hex_text: str) -> dict[int, int]:
    """Return address -> byte of an Intel HEX text; a second reading of the format, checksums included."""
    content: dict[int, int] = {}
    upper = 0
    for line in hex_text.split():
        record = bytes.fromhex(line[1:])
        assert line[0] == ":"
        assert sum(record) % 256 == 0
        assert len(record) == record[0] + 5
        address, kind, data = record[1] << 8 | record[2], record[3], record[4:-1]
        if kind == 4:
            upper = int.from_bytes(data, "big") << 16
        elif kind == 0:
            for offset, value in enumerate(data):
                assert content.setdefault(upper + address + offset, value) == value
    return content
