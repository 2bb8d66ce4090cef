"""What builds take and how large their programs are: the search for wrong code and remove_unused, on and off.

Times are processor times of whole `pio run` processes, as ratios inside one run: each round has every variant once, and
the least of the rounds counts. The flasher is replaced by a program that does nothing, so that an upload is what the
build does for it.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Optional

import stand_ins
from pio import ROOT, Core, Project
from sdcc.machine import OUT, RefusedError, compile_c
from sdcc.programs import Maker, Program
from speed.processes import Figure

FILES, FUNCTIONS, ROUNDS = 12, 6, 5
BOARD = "nucleo_8s208rb"
REPORT = "unused.json"  # of remove_unused, in the build directory
PLAIN, SEARCHED, REDUCED = "off", "wrong_code = warn", "remove_unused = yes"
VARIANTS = {
    PLAIN: "board_build.wrong_code = off",
    SEARCHED: "board_build.wrong_code = warn",
    REDUCED: "board_build.wrong_code = off\nboard_build.remove_unused = yes",
}
UPLOADED = "build: -t upload after a change of one line"
CLEAN = "build: a clean project"
_TIMES = {
    (UPLOADED, SEARCHED): "1.20 ×",
    (UPLOADED, REDUCED): "1.30 ×",
    (CLEAN, SEARCHED): "1.20 ×",
    (CLEAN, REDUCED): "-",
}
_SIZES = {"spl": "a third", "arduino": "a quarter"}  # what remove_unused must save
_EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.name.startswith(tuple(_SIZES)))
# A report of a value is a store to one variable here: nothing looks at the results.
_BOX = re.sub(r"(?m)^volatile .*\n", "", OUT)
_STORE = re.compile(r"\(box\d+ = \(V\), strobe = \d+\)")


def figures(packages: Optional[Path]) -> Iterator[Figure]:
    """Yield the ratios of times, and the sizes.

    Args:
        packages: A folder with PlatformIO's packages of the frameworks. None: the sizes are not measured.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        core = _core(folder / "core")
        yield from _times(core, folder)
        yield from _sizes(core, folder, packages)


def _core(folder: Path) -> Core:
    """Return a core directory with the SDCC on PATH: the figures in the documents are those of SDCC 4.2.0."""
    dev = [sys.executable, str(ROOT / "dev.py"), "core", "--dir", str(folder)]
    subprocess.run([*dev, "--sdcc", "path", "--python", sys.executable], check=True, stdout=subprocess.DEVNULL)
    return Core(folder)


#
# Times
#


def _times(core: Core, folder: Path) -> Iterator[Figure]:
    projects = {
        name: _project(core, folder / str(place), lines) for place, (name, lines) in enumerate(VARIANTS.items())
    }
    jobs = {CLEAN: _clean, UPLOADED: _change}
    taken: dict[tuple[str, str], list[float]] = {}
    for round_ in range(ROUNDS):
        for job, prepare in jobs.items():
            for name, project in projects.items():
                prepare(project, round_)
                words = ("-t", "upload") if job == UPLOADED else ()
                taken.setdefault((job, name), []).append(_processor_s(project, *words))
    for (job, name), target in _TIMES.items():
        least = {each: min(taken[job, each]) for each in (name, PLAIN)}
        yield Figure(f"{job}, {name}, × the same without", f"{least[name] / least[PLAIN]:.2f} ×", target)
    for job in jobs:
        yield Figure(f"{job}: processor time without both", f"{min(taken[job, PLAIN]):.2f} s")


def _project(core: Core, folder: Path, lines: str) -> Project:
    folder.mkdir()
    project = Project(core, folder)
    project.configure(f"{BOARD}\n{lines}", recorder=True)
    for number, program in enumerate(_programs(folder)):
        project.source(_source(number, program), f"part{number}.c")
    return project


def _programs(folder: Path) -> Iterator[Program]:
    """Yield random programs, of which no two have a name in common. SDCC refuses some of them."""
    found = 0
    for seed in itertools.count(1000):
        maker = Maker(seed)
        maker.serial = 1000 * found
        program = maker.program(FUNCTIONS)
        try:
            compile_c(program.text(), [], folder)
        except RefusedError:
            continue
        found += 1
        yield program
        if found == FILES:
            return


def _source(number: int, program: Program) -> str:
    """Return a program as a file of a larger one."""
    head = f"static volatile unsigned char box;\n{_STORE.sub('(box = (unsigned char)(V))', _BOX)}"
    text = program.text(head)
    text = re.sub(r"\bflag\b", f"flag{number}", text)
    text = re.sub(r'    __asm__\("break"\);\n    for \(;;\) ;\n', "", text)
    return text.replace("void main(void)", f"void part{number}(void)")


def _clean(project: Project, round_: int) -> None:
    shutil.rmtree(project.folder / ".pio", ignore_errors=True)
    _change(project, round_)


def _change(project: Project, round_: int) -> None:
    """Change one line of the file with `main`. The program uses half of the other files' functions."""
    used = range(0, FILES, 2)
    declared = "".join(f"void part{number}(void);\n" for number in used)
    calls = "".join(f"    part{number}();\n" for number in used)
    main = f"void main(void) {{\n{calls}    for (;;) r++;\n}}\n"
    project.source(f"{declared}volatile unsigned char r = {round_};\n{main}")


def _processor_s(project: Project, *words: str) -> float:
    """Run `pio run`; return the processor time of it and of all that it starts."""
    command = [sys.executable, "-m", "platformio", "run", *words]
    with tempfile.TemporaryFile() as output:
        environment: Mapping[str, str] = project.core.environment()
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        with subprocess.Popen(command, cwd=project.folder, env=environment, **streams) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(output.read().decode("utf-8", "replace"))
    return usage.ru_utime + usage.ru_stime


#
# Sizes
#


def _sizes(core: Core, folder: Path, packages: Optional[Path]) -> Iterator[Figure]:
    lacking = _use(core, packages) if packages else [stand_ins.SPL, stand_ins.ARDUINO]
    for example in _EXAMPLES:
        framework = example.partition("-")[0]
        what, target = f"size: {example}, flash that remove_unused saves", _SIZES[framework]
        if (stand_ins.SPL if framework == "spl" else stand_ins.ARDUINO) in lacking:
            yield Figure(what, "no package", target)
            continue
        before, after = _saved(core, folder, example)
        yield Figure(what, f"{1 - after / before:.0%} of {before}", target)


def _use(core: Core, packages: Path) -> list[str]:
    """Put the frameworks' packages into a core directory; return the names of those that are not there."""
    lacking = []
    for name in (stand_ins.SPL, stand_ins.ARDUINO):
        found = sorted(folder for folder in packages.glob(f"{name}*") if (folder / ".piopm").is_file())
        if found:
            (core.folder / "packages" / found[-1].name).symlink_to(found[-1].resolve(), target_is_directory=True)
        else:
            lacking.append(name)
    if stand_ins.ARDUINO not in lacking:
        stand_ins.install_old_sdcc(core)  # the SDCC that is there, under the version that sduino asks for
    return lacking


def _saved(core: Core, folder: Path, example: str) -> tuple[int, int]:
    """Return the bytes of flash of an example, for its first board, before and after."""
    shutil.copytree(ROOT / "examples" / example, folder / example, ignore=shutil.ignore_patterns(".pio"))
    project = Project(core, folder / example)
    ini = project.folder / "platformio.ini"
    text = re.sub(r"(?m)^board = .*", r"\g<0>\nboard_build.remove_unused = yes", ini.read_text(encoding="utf-8"))
    ini.write_text(text, encoding="utf-8")
    environment = re.findall(r"(?m)^\[env:(\w+)\]", text)[0]
    _processor_s(project, "-e", environment)
    return _report(project.built(REPORT, environment))


def _report(file: Path) -> tuple[int, int]:
    flash = json.loads(file.read_text(encoding="utf-8"))["flash"]
    return flash["before"], flash["after"]
