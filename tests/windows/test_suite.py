"""Those of the other tests whose outcome the system can change, run by a Windows Python."""

from __future__ import annotations

import pytest

from windows.wine import ROOT, Wine, developers_interpreter

LIMIT_S = 1800.0  # about six minutes on an idle machine
UNITS = (
    "console",
    "deps",
    "fetching",
    "files",
    "image",
    "interrupts",
    "libusb",
    "library_file",
    "package_files",
    "places",
    "usb",
    "usb_holder",
)
# A simulated serial wire in one process is the same on every system. test_uart_port.py has the ports of a system.
WIRES = ("serial_probes", "uart", "uart_loader", "uart_wire")
SUITES = {
    "unit": [f"tests/unit/test_{name}.py" for name in UNITS],
    "sim": ["tests/sim"],
    "cli": ["tests/cli", *(f"--ignore=tests/cli/test_{name}.py" for name in WIRES)],
}


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes(wine: Wine, suite: str) -> None:
    options = ("-I", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    patient = {"CI": "true"}  # hypothesis then measures no time
    result = wine.run(developers_interpreter(), *options, *SUITES[suite], cwd=ROOT, limit_s=LIMIT_S, **patient)
    if result.code:
        pytest.fail(result.out + result.err, pytrace=False)
