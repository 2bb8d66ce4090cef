"""How long a debugger takes over the simulated probes, in the time of the simulation."""

from __future__ import annotations

import pytest

from speed import debugging


@pytest.mark.parametrize("model", ["v2", "v3"])
def test_a_step_and_a_load_are_as_fast_as_they_must_be(model: str) -> None:
    assert 0 < debugging.step_s(model) <= debugging.STEP_S[model]
    assert 0.5 < debugging.load_ratio(model) <= debugging.LOAD_RATIO


def test_memory_is_read_as_fast_as_it_must_be() -> None:
    assert 0 < debugging.read_s("v3") <= 0.1
