"""Random uploads on random benches: no seed may end worse than in a clear error.

`tests/random_runs.py` runs as many seeds as you want.
"""

from __future__ import annotations

import pytest

from session import random_benches


@pytest.mark.parametrize("seed", range(1000))
def test_whatever_breaks_no_upload_is_wrong_without_a_word_and_the_next_one_works(seed: int) -> None:
    assert random_benches.upload_that_may_fail(seed, loader=False)


@pytest.mark.parametrize("seed", range(12))
def test_the_same_holds_for_uploads_by_the_loader(seed: int) -> None:
    assert random_benches.upload_that_may_fail(seed, loader=True)


@pytest.mark.parametrize("seed", range(8))
def test_a_random_image_arrives_with_the_loader_and_without(seed: int) -> None:
    assert random_benches.upload_that_must_work(seed)
