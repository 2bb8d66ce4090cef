"""What of the flash DATASIZE makes data EEPROM: the manuals' figures, and the simulator's own reading of them."""

from __future__ import annotations

import pytest

from stm8tool.chip.options.datasize import data_area, largest
from stm8tool.parts.table import all_parts, find_part
from stm8tool.sim.chip.microcontroller import Microcontroller

_PARTS = ("STM8L001J3", "STM8L101F3", "STM8L101G3", "STM8L101K3")  # 8 KB, and no EEPROM apart (PM0054 3.1)


def test_only_parts_without_an_eeprom_apart_and_with_room_in_flash_have_one() -> None:
    assert tuple(part.name for part in all_parts() if largest(part)) == _PARTS


@pytest.mark.parametrize("name", _PARTS)
def test_both_readings_of_the_manuals_agree_for_every_value(name: str) -> None:
    chip = Microcontroller(find_part(name))
    for value in range(33):
        chip.options.memory.write(0x4803, bytes([value]))
        chip.options.load()
        area = data_area(chip.part, value)
        assert (area.start if area else chip.part.flash.end) == chip.options.data_start
        assert area is None or area.end == chip.part.flash.end
    assert data_area(chip.part, 33) is None
