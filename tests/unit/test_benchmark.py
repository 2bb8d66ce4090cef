"""The benchmark: what it counts, its data file, and the page that is made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pio import ROOT, load
from session.bench import Board
from speed import cases, in_machine, record, serial_port, serial_probes
from speed.meter import Meter
from speed.modelled import content_before, modelled, new_content, with_phases
from stm8tool.errors import TransferSizeError
from stm8tool.parts.table import find_part
from stm8tool.sim.probe.stlink import ALONE_S, FRAME_S, QUEUED_S
from vm.machine import NoAnswerError

make_performance = load(ROOT / "docs" / "make_performance.py")
_SMALL = cases.PARTS[0]


def _ask(meter: Meter, command: str, reply: int = 0) -> bytes:
    meter.write(bytes.fromhex(command).ljust(16, b"\0"), 1.0)
    return meter.read(reply, 1.0) if reply else b""


def _in_swim_mode(board: Board, *, stands_in: bool) -> Meter:
    meter = Meter(board.probe, stands_in=stands_in)
    meter.open()
    for command in ("F3 07", "F4 00", "F4 07"):
        _ask(meter, command)
    return meter


def test_a_meter_counts_transfers_bytes_and_the_time_between_the_first_and_the_last() -> None:
    board = Board(model="v2")
    board.probe.clock.sleep(5)
    meter = _in_swim_mode(board, stands_in=False)
    _ask(meter, "F4 0B 00 80 00 00 80 00")
    assert (meter.transfers, meter.swim_bytes) == (4, 128)
    assert meter.seconds == pytest.approx(4 * FRAME_S)


def test_the_rest_of_a_write_is_not_taken_for_a_command() -> None:
    board = Board(model="v2")
    meter = _in_swim_mode(board, stands_in=False)
    _ask(meter, "F4 0A 00 18 00 00 00 00 01 02 03 04 05 06 07 08")
    meter.write(bytes.fromhex("F4 0B FF FF").ljust(16, b"\0"), 1.0)
    assert meter.swim_bytes == 24


def test_a_meter_waits_longer_from_one_busy_answer_to_the_next_where_it_stands_for_openocd() -> None:
    spans = []
    for stands_in in (False, True):
        board = Board(model="v3")
        meter = _in_swim_mode(board, stands_in=stands_in)
        _ask(meter, "F4 04")  # the entry, which takes some ms
        before = meter.clock.now()
        answers = [_ask(meter, "F4 09", 4)[0] for _ in range(4)]
        spans.append(meter.clock.now() - before)
    assert answers[:3] == [1, 1, 1]
    assert spans[1] - spans[0] == pytest.approx(0.001 + 0.002 + 0.004 - 4 * (ALONE_S - QUEUED_S))


def test_a_command_of_openocd_is_in_flight_with_its_data_or_its_reply() -> None:
    seconds = []
    for stands_in in (False, True):
        meter = _in_swim_mode(Board(model="v2"), stands_in=stands_in)
        before = meter.clock.now()
        _ask(meter, "F4 09", 4)
        _ask(meter, "F4 0A 00 18 00 00 00 00 01 02 03 04 05 06 07 08")
        meter.write(bytes(16), 1.0)
        _ask(meter, "F4 09", 4)
        seconds.append(meter.clock.now() - before)
    assert seconds == pytest.approx([6 * FRAME_S, 3 * FRAME_S])


def test_a_reply_of_another_length_is_passed_on() -> None:
    board = Board(model="v2")
    meter = _in_swim_mode(board, stands_in=True)
    with pytest.raises(TransferSizeError):
        _ask(meter, "F5", 3)
    assert meter.transfers == 5


@pytest.mark.parametrize("job", cases.JOBS)
def test_each_job_finds_what_its_name_says(job: str) -> None:
    part = find_part(_SMALL)
    before, image = content_before(part, job), new_content(part)
    differing = sum(one != other for one, other in zip(before, image))
    least = {cases.REWRITE: 8100, cases.BLANK: 8100, cases.ONE_BYTE: 1}.get(job, 0)
    assert least <= differing <= (8192 if least > 1 else least)


@pytest.mark.parametrize("job", cases.JOBS)
def test_a_job_is_timed_by_the_model_with_what_it_moved(job: str) -> None:
    first, again = (modelled(cases.DIRECT, _SMALL, "v3", job) for _ in range(2))
    assert first == again
    assert first[:4] == (cases.DIRECT, _SMALL.upper(), "v3", job)
    assert first.real_s is None
    limit = cases.limit_s(find_part(_SMALL), job) or 0.0
    assert first.modelled_s > limit + first.transfers * QUEUED_S
    assert first.swim_bytes > (8192 if limit else 8000)


def test_the_limit_is_what_the_blocks_take() -> None:
    part = find_part(_SMALL)
    assert cases.limit_s(part, cases.REWRITE) == pytest.approx(0.768)
    assert cases.limit_s(part, cases.BLANK) == pytest.approx(0.384)
    assert cases.limit_s(part, cases.VERIFY) is None


def test_the_committed_run_has_every_case_and_says_what_it_ran_on() -> None:
    data = json.loads(record.DATA.read_text(encoding="utf-8"))
    rows = {(row["client"], row["part"].lower(), row["model"], row["job"]) for row in data[record.BY_MODEL]["rows"]}
    ours = (cases.DIRECT, cases.LOADER)
    assert rows == {(c, p, m, j) for c in ours for p in cases.PARTS for m in cases.MODELS for j in cases.JOBS}
    for model in cases.MODELS:
        section = data[record.in_machine(model)]
        done = {(row["part"].lower(), row["job"]) for row in section["rows"] if row["client"] == cases.OPENOCD}
        assert {(part, cases.REWRITE) for part in cases.PARTS} <= done
        assert section["run"]["openocd"].startswith("OpenOCD 0.12")
        planned = {(run.part, run.job) for run in in_machine.runs(model) if run.client == cases.OPENOCD}
        assert done <= planned
    for section in data.values():
        assert {"date", "processor", "cores", "system", "python", "load"} <= section["run"].keys()


class _Machines:
    """Virtual machines that are none; they count."""

    accelerator = "none"
    made = 0

    def __enter__(self) -> _Machines:
        _Machines.made += 1
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_a_run_that_fails_is_repeated_on_a_new_machine_and_the_others_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(
        machine: object, client: str, part: str, model: str, job: str, *, real_time: bool
    ) -> tuple[cases.Cost, float]:
        done.append((client, part, job, real_time))
        if len(done) == 3:
            raise NoAnswerError("the virtual machine has ended")
        if (client, part, job) == (cases.OPENOCD, "stm8s208rb", cases.VERIFY):
            raise AssertionError("it failed")
        return cases.Cost(client, part.upper(), model, job, 1.5, 2.5 if real_time else None, 1, 1), 2.5

    done: list[tuple[str, str, str, bool]] = []
    _Machines.made = 0
    monkeypatch.setattr(in_machine, "Machine", _Machines)
    monkeypatch.setattr(in_machine, "measure", measure)
    monkeypatch.setattr(record, "version_of", lambda program: program)
    monkeypatch.setattr(record, "wait_for_quiet", lambda: None)
    failed = in_machine.measure_all("v2", tmp_path / "data.json")
    assert failed == [in_machine.Run(cases.OPENOCD, "stm8s208rb", "v2", cases.VERIFY, real_time=False)]
    assert _Machines.made == 4
    rows = json.loads((tmp_path / "data.json").read_text(encoding="utf-8"))[record.in_machine("v2")]["rows"]
    wanted = {(run.client, run.part.upper(), run.job) for run in in_machine.runs("v2")}
    assert {(row["client"], row["part"], row["job"]) for row in rows} == wanted - {
        (cases.OPENOCD, "STM8S208RB", cases.VERIFY)
    }
    assert {row["real_s"] for row in rows} == {None, 2.5}


def test_the_steps_of_a_job_are_all_of_its_time() -> None:
    cost, seconds = with_phases(cases.LOADER, _SMALL, "v2", cases.ONE_BYTE)
    assert sum(seconds.values()) == pytest.approx(cost.modelled_s)
    assert (
        min(seconds[name] for name in ("connect", "start the loader", "compare", "keys", "program", "verify")) > 0.002
    )
    assert (seconds["program"], seconds["keys"]) == (pytest.approx(0.011, abs=0.003), pytest.approx(0.004))


def test_the_page_and_the_chart_show_what_the_data_say() -> None:
    data = json.loads(record.DATA.read_text(encoding="utf-8"))
    row = next(row for row in data[record.BY_MODEL]["rows"] if row["client"] == cases.LOADER)
    old = f"{row['modelled_s']:.2f} s"
    row["modelled_s"] = 99.875
    page = make_performance.PAGE.read_text(encoding="utf-8")
    assert "| 99.88 s |" not in page
    assert "| 99.88 s |" in make_performance.page(page, data)
    assert old in make_performance.chart(json.loads(record.DATA.read_text(encoding="utf-8")))
    assert "99.88 s" in make_performance.chart(data)


def test_the_page_says_that_no_hardware_confirmed_a_figure() -> None:
    page = make_performance.PAGE.read_text(encoding="utf-8")
    assert "**No hardware has confirmed it.**" in page.partition("## Figures")[0]


def test_a_write_over_a_probe_at_a_serial_port_takes_what_swim_and_flash_take() -> None:
    once_on_swim_s = 8192 * 11 * 2.75e-6
    for figure in serial_probes.figures():
        assert once_on_swim_s < float(figure.measured.partition(" ")[0]) < 10 * once_on_swim_s, figure


def test_a_write_at_a_uart_takes_little_longer_than_wire_and_flash() -> None:
    figures = list(serial_port.figures())
    assert len(figures) == len(serial_port.PARTS)
    for figure in figures:
        assert 1.0 < float(figure.measured) <= serial_port.TARGET, figure
