"""The other tests, run by a Windows Python."""

from __future__ import annotations

import pytest

from windows.wine import ROOT, Wine, developers_interpreter

SUITES = ("tests/unit", "tests/sim", "tests/session", "tests/cli")
# Neither has what this Python lacks: it cannot make environments, which is what these are about.
LEFT_OUT = ("tests/unit/test_dev.py",)


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes(wine: Wine, suite: str) -> None:
    left_out = [f"--ignore={file}" for file in LEFT_OUT]
    options = ("-I", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    result = wine.run(developers_interpreter(), *options, *left_out, suite, cwd=ROOT, limit_s=240)
    assert result.code == 0, result.out
