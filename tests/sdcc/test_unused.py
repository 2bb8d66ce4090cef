"""Programs without what they do not reach do the same as before: each danger, and random programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sdcc.danger_row import Danger
from sdcc.dangers import DANGERS
from sdcc.dead_programs import Dead
from sdcc.machine import OPTIONS, OUT, loaded, results
from sdcc.programs import Maker
from stm8tool.sim.cpu.core import LEVEL_BITS
from unused import Built, RefusedError, Tools, build

pytestmark = pytest.mark.sdcc

MODELS = {"medium": [], "large": ["--model-large"], "debug": ["--debug", "--out-fmt-elf"]}
HEAD = f"{OUT}#define REPORT(value) PUT3(value)\n"
END = '__asm__("break"); for (;;) ;'
EXTERN = "".join(line + "\n" for line in HEAD.replace("volatile", "extern volatile").splitlines())
EXTERN = EXTERN.replace("__at(0x5100) ", "").replace("__at(0x5110) ", "")


def text(code: str, model: str, name: str) -> str:
    """Return a source of a danger with the words of its memory model."""
    words = {"CALL": "callf", "JUMP": "jpf", "RETURN": "retf"} if model == "large" else {}
    for word, usual in (("CALL", "call"), ("JUMP", "jp"), ("RETURN", "ret")):
        code = code.replace(word, words.get(word, usual))
    if name.endswith(".c") and "REPORT" in code:
        code = HEAD + code
    return code.replace("END\n", END + "\n").replace("END }", END + " }")


def both(danger: Danger, model: str, folder: Path) -> Built:
    """Return the program of a danger, linked both ways."""

    def texts(files: Mapping[str, str]) -> dict[str, str]:
        return {name: text(code, model, name) for name, code in files.items()}

    libraries = {name: texts(files) for name, files in (danger.libraries or {}).items()}
    return build(folder, texts(danger.sources), libraries, Tools(MODELS[model]))


def reports(built: Built, path: Path) -> list[int]:
    """Run a program; interrupt 5 comes now and then once it is allowed."""
    core = loaded(built.image(path))
    core.limit = 1 << 60
    for step in range(200_000):
        if core.stopped:
            break
        if step % 64 == 63 and core.im == LEVEL_BITS[0]:
            core.pending[5] = 1
        core.step()
        core.pending.clear()
    assert core.stopped == "BREAK", core.stopped
    return core.bus.results


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", DANGERS)
def test_what_is_reached_in_a_hidden_way_stays(name: str, model: str, tmp_path: Path) -> None:
    danger = DANGERS[name]
    if model not in danger.only:
        model = "medium"
    built = both(danger, model, tmp_path)
    assert reports(built, built.whole) == danger.reports
    assert reports(built, built.reduced) == danger.reports
    dropped = {symbol[1:] for symbol in built.dropped()}
    assert dropped.isdisjoint(set(danger.stays.split()) - set(danger.goes.split()))
    assert set(danger.goes.split()) <= dropped


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_random_program_of_several_files_keeps_what_it_reaches_and_no_more(seed: int, tmp_path: Path) -> None:
    program = Dead(seed)
    model = list(MODELS)[seed % 3]
    built = build(tmp_path, program.sources(), {"lib": program.library()}, Tools(MODELS[model]))
    assert results(built.image(built.whole)) == program.expected()
    assert results(built.image(built.reduced)) == program.expected()
    assert built.result.whole == [one for one in built.result.whole if one.file.startswith("stm8.lib")]
    dropped = {(one.file, one.symbol) for one in built.result.dropped}
    reached = program.reached()
    for function in program.functions:
        names = {(program.place(function), f"_{name}") for name in (function.name, function.constant.name)}
        if function.number in reached:
            assert not names & dropped
        elif function.file < program.files:  # a library's file is in the list only if the first link took it
            assert names <= dropped
        elif not function.static:
            assert f"_{function.name}" not in built.symbols()


@pytest.mark.parametrize("seed", range(1, 13))
def test_half_of_a_random_program_does_what_it_did_beside_the_other_half(seed: int, tmp_path: Path) -> None:
    names = [name for name in OPTIONS if name != "10000"]
    whole = Maker(seed, wide=False).program(4)
    program = replace(whole, calls=whole.calls[::2])
    # Otherwise every function is reached by a variable.
    code = re.sub(r"\(\*(p\w+)\)(\([^)]*\) = )", r"(*const \1)\2", program.text())
    try:
        built = build(tmp_path, {"program.c": code}, {}, Tools(["--std-c11", *OPTIONS[names[seed % len(names)]]]))
    except RefusedError:
        return  # by SDCC's own faults, as in wrong.csv
    assert results(built.image(built.reduced)) == results(built.image(built.whole))
    assert built.dropped()
