"""`watch`: every output, every end, and how it refuses."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.counting_board import COUNTING
from cli.desk import STM8L, STM8S, Desk, Result
from dwarf_files import SIGNED, UNSIGNED, UNSIGNED_CHAR, Die, array, base, debug_elf, member, variable
from elf_files import ALLOC
from stm8tool.cli import watch, watch_outputs
from stm8tool.cli.console import Console
from stm8tool.dwarf import reading
from stm8tool.dwarf.expressions import place_of
from stm8tool.dwarf.variables import Variables
from stm8tool.sim.clock import VirtualClock

has_matplotlib = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason="matplotlib is not a dependency, and is not installed here"
)


@pytest.mark.parametrize("model", ["v2", "v3"])
@pytest.mark.parametrize("part", [STM8S, STM8L])
def test_a_line_for_each_sample_in_a_pipe(board: Desk, part: str, model: str) -> None:
    board.chip(content=COUNTING, part=part, model=model)
    result = board.flash("watch", "counting.elf", "counter", "temp", "--count", "3", "--rate", "100", part=part)
    assert result.code == 0, result.err
    assert result.err == "watch: 2 values; Ctrl-C ends it\n"
    lines = [
        re.fullmatch(r"(\d\.\d{3}) s  counter = (\d+)  temp = \[0, 0, 0\]", line) for line in result.out.splitlines()
    ]
    found = [(line[1], int(line[2])) for line in lines if line]
    assert len(found) == len(lines) == 3
    assert [time[:4] for time, _ in found] == ["0.00", "0.01", "0.02"]
    assert len({count for _, count in found}) > 1
    assert board.is_idle()


def test_time_ends_it_too(board: Desk) -> None:
    result = board.flash("watch", "counting.elf", "counter", "--for", "1s")
    assert result.code == 0
    assert len(result.out.splitlines()) in (10, 11)


def test_a_peripheral_that_is_not_modelled_is_named_once(board: Desk) -> None:
    registers = ("0x5401:uint8_t", "0x5402:uint8_t", "0x5203:uint8_t")
    result = board.flash("watch", *registers, "--count", "2", "--rate", "100", "--json")
    shown = json.loads(result.out)
    assert shown["result"]["last"]["values"] == dict(zip(registers, (0, 0, 2)))
    told = [warning["message"].partition(":")[0] for warning in shown["warnings"]]
    assert told == [
        "the simulator does not model SPI at 0x005203",
        "the simulator does not model ADC at 0x005401",
    ]


def samples(result: Result) -> list[dict[str, Any]]:
    """Return the events of the samples."""
    return [event for event in map(json.loads, result.err.splitlines()) if event["event"] == "sample"]


def test_events_have_a_line_for_each_sample(board: Desk) -> None:
    lines = samples(board.flash("watch", "counting.elf", "counter", "motor", "temp[1]", "--count", "2", "--events"))
    assert [line["time_s"] for line in lines] == [0, pytest.approx(0.1, abs=0.01)]
    assert lines[0]["values"] == {
        "counter": lines[0]["values"]["counter"],
        "motor": {"speed": 0, "on": 0},
        "temp[1]": 0,
    }


def test_csv_has_a_column_for_each_number(board: Desk) -> None:
    result = board.flash("watch", "counting.elf", "motor", "temp", "table[3]", "--count", "3", "--csv", "out.csv")
    assert (result.code, len(result.out.splitlines())) == (0, 3)
    with Path("out.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head == ["time_s", "motor.speed", "motor.on", "temp[0]", "temp[1]", "temp[2]", "table[3]"]
    assert [row[1:] for row in rows] == [["0", "0", "0", "0", "0", "4"]] * 3
    assert float(rows[1][0]) == pytest.approx(0.1, abs=0.01)


def odd_program() -> bytes:
    """Return the ELF of `COUNTING` with a float and a pointer."""
    byte, real = base("unsigned char", 1, UNSIGNED_CHAR), base("float", 4, 4)
    pointer = Die("pointer_type", byte_size=2, type=byte)
    children = [byte, real, pointer, variable("ratio", 0x20, real), variable("p", 0x24, pointer)]
    return debug_elf([Die("compile_unit", name="a.c", children=children)], ("CODE", 0x8000, COUNTING, ALLOC))


def test_what_is_no_number_is_left_out_and_said(board: Desk) -> None:
    Path("odd.elf").write_bytes(odd_program())
    assert board.flash("set", "odd.elf", "ratio=nan").out.endswith("-> nan\n")
    words = ("watch", "odd.elf", "ratio", "*p", "p", "--count", "1", "--csv", "o.csv")
    assert board.flash(*words).out == "0.000 s  ratio = nan  *p = the pointer is NULL  p = 0x0000\n"
    assert Path("o.csv").read_text().splitlines()[1] == "0.000000,nan,,0"
    (line,) = samples(board.flash(*words, "--events"))
    assert line["values"] == {"ratio": None, "*p": None, "p": 0}
    assert line["problems"] == {"*p": "the pointer is NULL"}


def test_teleplot_gets_a_line_for_each_number_by_udp(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch_outputs.TELEPLOT_PORT == 47269
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as teleplot:
        teleplot.bind(("127.0.0.1", 0))
        teleplot.settimeout(30)
        monkeypatch.setattr(watch_outputs, "TELEPLOT_PORT", teleplot.getsockname()[1])
        names = ("temp", "main.c:gain", "*temp")
        assert board.flash("watch", "counting.elf", *names, "--count", "2", "--teleplot").code == 0
        packets = [teleplot.recv(2000).decode() for _ in range(2)]
    for packet in packets:
        lines = [line.split(":") for line in packet.splitlines()]
        assert [line[0] for line in lines] == ["temp[0]", "temp[1]", "temp[2]", "main.c_gain", "*temp"]
        assert [line[2] for line in lines] == ["0"] * 5
        assert all(re.fullmatch(r"\d{13}\.\d", line[1]) for line in lines)
    first, second = (float(packet.split(":")[1]) for packet in packets)
    assert second - first == pytest.approx(100, abs=10)


def test_a_long_teleplot_sample_goes_in_several_packets(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(watch_outputs.Teleplot, "_send", lambda _self, packet: sent.append(packet))
    assert board.flash("watch", "0x10:uint8_t[200]", "--count", "1", "--teleplot").code == 0
    assert len(sent) > 2
    assert all(len(packet) <= 1400 and packet.endswith("\n") for packet in sent)
    assert sum(packet.count("\n") for packet in sent) == 200


# -- the picture -----------------------------------------------------------------------------------------------------


@has_matplotlib
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_picture_is_drawn_at_the_end(board: Desk, ending: str) -> None:
    words = ("watch", "counting.elf", "counter", "temp", "--count", "5", "--plot", f"out.{ending}")
    assert board.flash(*words).code == 0
    data = Path(f"out.{ending}").read_bytes()
    assert data.startswith(b"\x89PNG" if ending == "png" else b"<?xml")
    if ending == "svg":
        assert b"counter" in data
        assert b"temp[2]" in data


def test_without_matplotlib_the_hint_says_how_to_install_it(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = board.flash("watch", "counting.elf", "counter", "--plot", "out.svg")
    assert (result.code, result.reason) == (7, "error: --plot needs the Python package matplotlib [E-PACKAGES]")
    assert result.hint.endswith("-m pip install matplotlib")


class _Figure:
    """Counts what is drawn, in place of matplotlib."""

    points: int

    def __init__(self, **_: object) -> None: ...

    def subplots(self, *_: object, **__: object) -> list[list[_Figure]]:
        return [[self]]

    def plot(self, times: list[float], points: list[float], **_: object) -> None:
        assert len(times) == len(points)
        type(self).points = len(times)

    def set_ylabel(self, _: str) -> None: ...

    def set_xlabel(self, _: str) -> None: ...

    def grid(self, **_: object) -> None: ...

    def savefig(self, _: str) -> None:
        raise PermissionError(13, "Permission denied")


def test_a_long_run_is_thinned_and_a_picture_that_cannot_be_written_is_told(
    board: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stm8tool.cli import watch_plot

    monkeypatch.setattr(watch_plot, "_figure_class", lambda: _Figure)
    monkeypatch.setattr(watch_plot, "_MOST_POINTS", 8)
    result = board.flash("watch", "counting.elf", "counter", "--count", "30", "--plot", "out.svg")
    assert (result.code, result.reason) == (2, "error: out.svg cannot be written: Permission denied [E-FILE]")
    assert 4 <= _Figure.points <= 8


# -- ends ------------------------------------------------------------------------------------------------------------


def test_ctrl_c_is_the_usual_end_and_keeps_what_was_seen(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = watch_outputs.CsvFile.show
    count = 0

    def show(self: watch_outputs.CsvFile, sample: watch_outputs.Sample) -> None:
        nonlocal count
        shown(self, sample)
        count += 1
        if count == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(watch_outputs.CsvFile, "show", show)
    result = board.flash("watch", "counting.elf", "counter", "--csv", "out.csv")
    assert result.code == 0
    assert result.err.endswith("watch: ended by Ctrl-C\n")
    assert len(Path("out.csv").read_text().splitlines()) == 4
    assert board.is_idle()


def test_a_full_disk_ends_it_with_a_sentence(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _text: str) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None: ...

    monkeypatch.setattr(Path, "open", lambda *_args, **_more: Full())
    output = watch_outputs.CsvFile("out.csv", [])
    with pytest.raises(watch_outputs.UsageError, match=r"^out\.csv cannot be written: No space left on device$"):
        output.__enter__()


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["counting.elf"], "error: which variables? [E-USAGE]"),
        (["counting.elf", "countr"], "error: counting.elf has no variable 'countr' [E-NO-VARIABLE]"),
        (["counting.elf", "gain", "gain"], "error: gain is given twice [E-USAGE]"),
        (
            ["counting.elf", "temp[3]"],
            "error: 'temp[3]': the index 3 is outside of an array with 3 elements [E-NO-VARIABLE]",
        ),
        (
            ["0x10:uint8_t", "counter"],
            "error: the variable 'counter' needs the ELF of the program [E-USAGE]",
        ),
        (
            ["0x3000:uint8_t"],
            "error: 0x3000:uint8_t is at 0x003000, where the STM8S103F3 has no memory [E-NO-VARIABLE]",
        ),
        (["other.elf", "counter"], "error: the chip runs another program than other.elf [E-OTHER-BUILD]"),
        (["plain.elf", "counter"], "error: plain.elf has no debug information [E-NO-DWARF]"),
        (["missing.elf", "counter"], "error: missing.elf: no such file [E-FILE]"),
        (["counting.elf", "gain", "--rate", "0"], "error: --rate 0 is not a number of samples a second [E-USAGE]"),
        (["counting.elf", "gain", "--rate", "1e3"], "error: --rate 1e3 is not a number of samples a second [E-USAGE]"),
        (["counting.elf", "gain", "--count", "0"], "error: --count 0 is not a number of samples [E-USAGE]"),
        (["counting.elf", "gain", "--for", "soon"], "error: --for soon is not a time [E-USAGE]"),
        (
            ["counting.elf", "gain", "--plot", "out.gif"],
            "error: --plot out.gif is not a picture that can be drawn [E-USAGE]",
        ),
        (
            ["counting.elf", "gain", "--plot", "no/out.svg"],
            "error: no/out.svg cannot be written: there is no such folder [E-FILE]",
        ),
        (
            ["counting.elf", "gain", "--csv", "./counting.elf"],
            "error: --csv ./counting.elf is the ELF itself [E-USAGE]",
        ),
        (
            ["counting.elf", "gain", "--csv", "board.chip"],
            "error: --csv board.chip holds a simulated board [E-USAGE]",
        ),
        (["counting.elf", "gain", "--csv", "."], None),
        (["counting.elf", "gain", "--csv", "no/out.csv"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused(board: Desk, words: list[str], reason: str) -> None:
    result = board.flash("watch", *words)
    assert result.code in (1, 2)
    assert result.out == ""
    assert result.hint
    if reason is None:
        assert re.search(r"cannot be written: .* \[E-FILE\]$", result.reason)
    else:
        assert result.reason == reason
    assert board.is_idle()


def test_a_part_that_only_a_reset_shows_is_refused(board: Desk) -> None:
    assert board.flash("watch", "counting.elf", "counter", part="auto").code == 2


def test_the_list_needs_no_probe(board: Desk) -> None:
    result = board.run("--probe", "sim:missing.chip", "--part", STM8S, "watch", "counting.elf", "--list")
    assert result.code == 0
    assert result.out.splitlines()[0] == "counter  0x000010  unsigned char"
    assert len(result.out.splitlines()) == 5
    assert board.flash("watch", "0x10:uint8_t", "--list").out == ""


@pytest.mark.parametrize(
    ("encoding", "name", "what", "advice"),
    [
        (SIGNED, "b", "unsigned int", "b:int16_t"),
        (UNSIGNED, "b", "int", "b:uint16_t"),
        (SIGNED, "c", "unsigned int[2][3]", "c:int16_t[2][3]"),
        (SIGNED, "d", "struct d", "d.x:int16_t"),
    ],
)
def test_a_doubtful_type_is_told_and_the_hint_has_the_other_sign(
    board: Desk, encoding: int, name: str, what: str, advice: str
) -> None:
    plain = base("int" if encoding == SIGNED else "unsigned int", 2, encoding)
    kinds = [Die("volatile_type", type=plain) for _ in range(2)]
    byte = base("unsigned char", 1, UNSIGNED_CHAR)
    record = Die("structure_type", name="d", byte_size=3, children=[member("on", 0, byte), member("x", 1, kinds[1])])
    rows = array(kinds[1], 2, 3, size=12)
    children = [plain, kinds[0], variable("a", 0x20, kinds[0]), kinds[1], variable("b", 0x22, kinds[1])]
    children += [byte, rows, variable("c", 0x24, rows), record, variable("d", 0x30, record)]
    unit = Die("compile_unit", name="a.c", children=children)
    Path("signs.elf").write_bytes(debug_elf([unit], ("CODE", 0x8000, COUNTING, ALLOC)))
    result = board.flash("watch", "signs.elf", "a", name, "--count", "1")
    assert result.err.splitlines()[0] == (
        f"watch: SDCC may have written a wrong sign or size for {name} ({what}); if so, add the type: {advice}"
    )
    assert board.flash("watch", "signs.elf", advice, "--count", "1").code == 0


# -- the table -------------------------------------------------------------------------------------------------------


def test_the_table_is_drawn_over_the_last_one_and_a_note_ends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    monkeypatch.setenv("LINES", "4")
    console = Console("bar")
    console.redraw(["1 s", "a  1"])
    console.redraw(["2 s", "a  22222222222"])
    console.note("the chip was reset")
    console.redraw([str(n) for n in range(9)])
    out = capsys.readouterr().out
    clear = "\x1b[K\n"
    assert out == f"1 s{clear}a  1{clear}\x1b[2F2 s{clear}a  22222222{clear}0{clear}1{clear}2{clear}"


def test_a_terminal_gets_the_table(board: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Console, "can_redraw", staticmethod(lambda: True))
    monkeypatch.setenv("COLUMNS", "60")
    assert board.flash("set", "counting.elf", "gain='A'").out == "gain: 0 -> 65\n"
    result = board.flash("watch", "counting.elf", "temp", "motor.on", "gain", "--count", "2")
    lines = result.out.replace("\x1b[4F", "").splitlines()
    assert lines == [
        "0.0 s\x1b[K",
        "temp      int[3]         [0, 0, 0]\x1b[K",
        "motor.on  bits 1         0\x1b[K",
        "gain      unsigned char  65 'A'\x1b[K",
        "0.1 s\x1b[K",
        "temp      int[3]         [0, 0, 0]\x1b[K",
        "motor.on  bits 1         0\x1b[K",
        "gain      unsigned char  65 'A'\x1b[K",
    ]
    assert result.out.count("\x1b[4F") == 1


def test_a_probe_that_is_slower_than_the_rate_does_not_pile_up_samples() -> None:
    """Each read takes a second at ten samples a second: the next sample follows at once, and none is made up for."""
    clock = VirtualClock()

    class Slow:
        def __init__(self) -> None:
            self.clock = clock

        def read(self, _places: object) -> list[object]:
            clock.sleep(1.0)
            return []

    class Kept(watch_outputs.Output):
        def __init__(self) -> None:
            self.times: list[float] = []

        def show(self, sample: watch_outputs.Sample) -> None:
            self.times.append(sample.time_s)

    kept = Kept()
    live: watch.LiveVariables = Slow()  # type: ignore[assignment]
    watch._Sampler(live, [], [kept]).run(watch._Pace(0.1, 4, None))
    assert kept.times == [0, 1, 2, 3]


def test_values_of_a_struct_behind_a_pointer_have_c_names() -> None:
    byte = base("unsigned char", 1, UNSIGNED_CHAR)
    record = Die("structure_type", name="s", byte_size=1, children=[Die("member", name="x", type=byte)])
    pointer = Die("pointer_type", byte_size=2, type=record)
    unit = Die("compile_unit", name="a.c", children=[byte, record, pointer, variable("p", 0x10, pointer)])
    variables = Variables(reading.read("a.elf", debug_elf([unit], ("CODE", 0x8000, COUNTING, ALLOC))))
    assert watch_outputs.columns([place_of("*p", variables), place_of("p->x", variables)]) == ["(*p).x", "p->x"]
