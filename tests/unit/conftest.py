"""Fixtures that several tests of single modules use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clocks import StandingClock
from stm8tool.transport import libusb, usb
from stm8tool.transport.base import UsbIdentity
from unit.fake_usb import Bus, FakeDevice, FakeUsb


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "firmware.hex"


@pytest.fixture
def transport_to(monkeypatch: pytest.MonkeyPatch) -> Bus:
    """Put devices on a bus and return the unopened transport to the first."""

    def build(*devices: FakeDevice) -> usb.UsbTransport:
        monkeypatch.setattr(libusb, "backend", lambda: backend)
        backend = FakeUsb(*devices)
        info = next(info for info in usb.enumerate_st() if info.handle.address == devices[0].address)
        identity = UsbIdentity(info.vendor, info.product, "", info.path, info.high_speed)
        return usb.UsbTransport(info, identity, in_endpoint=0x81, clock=StandingClock())

    return build


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


@pytest.fixture
def transport(transport_to: Bus, device: FakeDevice) -> Iterator[usb.UsbTransport]:
    opened = transport_to(device)
    opened.open()
    yield opened
    opened.close()
    assert device.open_handles == 0
