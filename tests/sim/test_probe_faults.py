"""Each fault of a probe does what was reported of real ones."""

from __future__ import annotations

import pytest

from sim.bench import Bench
from stm8tool.errors import EndpointStallError, ProbeLostError, TransferSizeError, TransportTimeoutError
from stm8tool.sim.faults import Faults


def test_an_unplugged_probe_is_lost_for_every_call_and_its_pins_let_go() -> None:
    bench = Bench(faults=["unplug-after=4"])
    bench.swim_mode()
    bench.send("F4 07")
    assert bench.chip.nrst_low
    bench.send("F5")
    calls = (
        lambda: bench.take(2),
        lambda: bench.send("F5"),
        bench.probe.clear_halt,
        bench.probe.reset,
        bench.probe.open,
    )
    for call in calls:
        with pytest.raises(ProbeLostError):
            call()
    bench.probe.close()
    assert bench.probe.transfers == 4
    assert not bench.chip.nrst_low


def test_a_stall_lasts_until_it_is_cleared_and_loses_no_answer() -> None:
    bench = Bench(faults=["stall-after=1"])
    bench.send("F5")
    for _ in range(2):
        with pytest.raises(EndpointStallError):
            bench.take(2)
    bench.probe.clear_halt()
    assert bench.take(2) == b"\x00\x01"


def test_a_stalled_command_was_not_heard() -> None:
    bench = Bench(faults=["stall-after=0"])
    with pytest.raises(EndpointStallError):
        bench.send("F5")
    bench.probe.clear_halt()
    with pytest.raises(TransportTimeoutError):
        bench.take(2)


def test_a_late_answer_becomes_the_answer_of_the_next_command() -> None:
    bench = Bench(faults=["timeout-after=1"])
    bench.send("F5")
    with pytest.raises(TransportTimeoutError):
        bench.take(2)
    bench.send("F1")
    with pytest.raises(TransferSizeError) as caught:
        bench.take(6)
    assert caught.value.data == b"\x00\x01"
    assert len(bench.take(6)) == 6


@pytest.mark.parametrize("model", ["v1", "v2", "v3"])
@pytest.mark.parametrize(
    ("fault", "cure", "cured"),
    [("wedged", "reset", True), ("wedged-for-good", "reset", False), ("wedged-for-good", "replug", True)],
)
def test_a_wedged_probe_takes_commands_and_answers_none(model: str, fault: str, cure: str, cured: bool) -> None:
    def answers() -> bool:
        if model == "v1":
            bench.probe.write(b"USBC" + bytes(4) + b"\x02\0\0\0\x80\0\x01\xf5" + bytes(15), 1.0)
        else:
            bench.send("F5")
        try:
            return len(bench.take(2)) == 2
        except TransportTimeoutError:
            return False

    bench = Bench(model=model, faults=[fault])
    assert [answers() for _ in range(3)] == [False] * 3
    bench.probe.clear_halt()
    assert not answers()
    getattr(bench.probe, cure)()
    assert answers() == cured
    assert bench.probe.faults == Faults()


def test_a_probe_that_hangs_later_drops_what_it_had_to_say_and_keeps_its_pins() -> None:
    bench = Bench(faults=["wedged=5"])
    bench.swim_mode()
    bench.send("F4 07")
    bench.send("F5")
    bench.send("F5")
    with pytest.raises(TransportTimeoutError):
        bench.take(2)
    assert bench.chip.nrst_low
    bench.probe.reset()
    assert not bench.chip.nrst_low
    assert bench.ask("F5", 2) == "00 01"


def test_the_pins_of_a_probe_that_hangs_for_good_let_go_when_it_is_pulled() -> None:
    bench = Bench(faults=["wedged-for-good=4"])
    bench.swim_mode()
    bench.send("F4 07")
    bench.send("F5")
    bench.send("F5")
    bench.probe.reset()
    assert bench.chip.nrst_low
    bench.probe.replug()
    assert not bench.chip.nrst_low
