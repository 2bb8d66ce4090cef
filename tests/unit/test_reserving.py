"""A probe that a program keeps between its uses, and a choice of several."""

from __future__ import annotations

from pathlib import Path

import pytest

import stm8tool
from stm8tool.errors import AccessError, Code
from stm8tool.parts.table import find_part
from stm8tool.selector import place_of
from stm8tool.sim import store
from stm8tool.support.reserving import Reservation, take_one


@pytest.fixture
def places(tmp_path: Path) -> list[str]:
    """The places of two simulated probes."""
    for name in ("a", "b"):
        store.create(tmp_path / f"{name}.chip", find_part("stm8s103f3"), "v3")
    return [place_of(f"sim:{tmp_path / name}.chip") for name in ("a", "b")]


def test_a_second_holder_is_refused_until_the_first_one_has_gone(places: list[str]) -> None:
    first, second = Reservation(places[0]), Reservation(places[0])
    with first:
        assert not second.attempt()
        with pytest.raises(AccessError) as caught:
            second.acquire()
    assert caught.value.code is Code.BUSY
    assert str(caught.value) == f"the probe is reserved by other programs: {places[0]}"
    with second:
        assert not first.attempt()


def test_the_probe_that_is_free_is_taken(places: list[str]) -> None:
    with Reservation(places[0]):
        taken = take_one([Reservation(place) for place in places], 0)
        assert taken.place == places[1]
        with pytest.raises(AccessError, match="all 2 probes are reserved"):
            take_one([Reservation(place) for place in places], 0)
        taken.release()


def test_a_link_to_a_board_is_the_same_probe(places: list[str], tmp_path: Path) -> None:
    link = tmp_path / "link.chip"
    try:
        link.symlink_to(tmp_path / "a.chip")
    except OSError:  # a Windows without the right to make links
        link = tmp_path / "." / "a.chip"
    with Reservation(places[0]):
        assert not Reservation(f"sim:{link}").attempt()


def test_a_reservation_keeps_no_command_from_the_probe(places: list[str]) -> None:
    with Reservation(places[0]), stm8tool.open(places[0], part="stm8s103f3") as chip:
        assert chip.info().protection is not None


def test_the_place_of_a_serial_port_is_its_selector() -> None:
    assert place_of("serial:/dev/ttyUSB7 ") == "serial:/dev/ttyUSB7"
