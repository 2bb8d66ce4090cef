from __future__ import annotations

import sys
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stm8tool.errors import (
    AccessError,
    Code,
    ProbeAmbiguousError,
    ProbeError,
    ProbeNotFoundError,
    ToolError,
    TransportError,
    TransportTimeoutError,
    UsageError,
)
from stm8tool.probe.stlink.find import FoundProbe, choose, find, pipe_to, serial_from_descriptor, substitution, survey
from stm8tool.probe.stlink.usb_ids import MODELS
from stm8tool.transport import confinement, libusb
from stm8tool.transport.base import UsbDeviceInfo
from stm8tool.transport.usb import SystemBus
from stm8tool.words import COMMAND_LINE
from unit import fake_usb
from unit.fake_usb import FakeDevice, FakeUsb, composite_v3, text_descriptor

A = "57FF6C064882485533212387"
B = "57FF6B0648824855FFFF1687"
V3_SERIAL = "003300423132511538363431"
PLACEHOLDER = "303030303030303030303031"


def probe(serial: str, path: str, product: int = 0x3748, error: Optional[ToolError] = None) -> FoundProbe:
    return FoundProbe(UsbDeviceInfo(0x0483, product, path, product != 0x3748), MODELS[product], serial, error)


V2_A = probe(A, "usb:1-2")
V2_B = probe(B, "usb:1-3.1")
V3 = probe(V3_SERIAL, "usb:2-1", 0x374F)
V1 = probe(B, "usb:1-8", 0x3744)
NO_PERMISSION = AccessError("no permission to open the probe at usb:1-4", code=Code.PERMISSION, hint="udev")
DENIED = probe("", "usb:1-4", error=NO_PERMISSION)


@pytest.mark.parametrize("selector", ["stlink", "stlinkv2", "STLINK", A, A.lower(), "57ff6c", "usb:1-2", "USB:1-2"])
def test_a_single_probe_is_found_by_any_selector_that_fits(selector: str) -> None:
    assert choose(selector, [V2_A]) is V2_A


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [("stlinkv2", V2_A), ("stlinkv3", V3), (V3_SERIAL, V3), ("57", V2_A), ("usb:2-1", V3)],
)
def test_of_two_probes_the_one_that_is_meant_is_taken(selector: str, chosen: FoundProbe) -> None:
    assert choose(selector, [V2_A, V3]) is chosen
    assert substitution(selector, chosen) is None


def test_another_generation_is_taken_when_it_is_the_only_probe_and_the_user_is_told() -> None:
    assert choose("stlinkv3", [V2_A]) is V2_A
    assert substitution("stlinkv3", V2_A) == "no STLINK-V3 attached, using the ST-LINK/V2 at usb:1-2"
    assert substitution("stlink", V2_A) is None


def test_several_of_another_generation_are_told_to_be_that() -> None:
    with pytest.raises(ProbeAmbiguousError, match=r"^no STLINK-V3 attached, and 2 others are$"):
        choose("stlinkv3", [V2_A, V2_B])


def test_an_example_with_a_space_is_quoted() -> None:
    with pytest.raises(ProbeAmbiguousError) as caught:
        choose("stlink", [V2_A, V2_B], prefix="sim:my bench#")
    assert f'--probe "sim:my bench#{A}" ' in (caught.value.hint_in(COMMAND_LINE) or "")


def test_a_v1_is_as_good_as_any_and_can_be_preferred() -> None:
    assert choose("stlink", [V1]) is V1
    assert choose("stlinkv1", [V2_A, V1]) is V1
    assert choose("stlinkv1", [V2_A]) is V2_A
    assert substitution("stlinkv1", V2_A) == "no ST-LINK/V1 attached, using the ST-LINK/V2 at usb:1-2"
    assert substitution("stlinkv2", V1) == "no ST-LINK/V2 attached, using the ST-LINK/V1 at usb:1-8"


@pytest.mark.parametrize("selector", ["stlink", "stlinkv2", "stlinkv21", "57FF6", "57ff6"])
def test_several_probes_that_fit_are_listed_with_serial_and_path(selector: str) -> None:
    with pytest.raises(ProbeAmbiguousError) as caught:
        choose(selector, [V2_A, V2_B])
    assert caught.value.exit_code == 3
    assert caught.value.details == (f"ST-LINK/V2, serial {A}, usb:1-2", f"ST-LINK/V2, serial {B}, usb:1-3.1")
    assert f"--probe {A}" in (caught.value.hint_in(COMMAND_LINE) or "")


@pytest.mark.parametrize("wanted", [V2_A, V2_B])
@pytest.mark.parametrize("digits", [6, 12, 24, 26, 48])
def test_a_serial_as_stm8flash_prints_it_is_understood_if_it_can_be_no_other(wanted: FoundProbe, digits: int) -> None:
    doubled = "".join(f"{ord(character):02x}" for character in wanted.serial)
    assert doubled.startswith("35374646")
    if digits > 24:
        assert choose(doubled[:digits], [V2_A, V2_B]) is wanted
    else:
        with pytest.raises(ProbeNotFoundError):
            choose(doubled[:digits], [V2_A, V2_B])


def test_a_short_beginning_does_not_mean_a_probe_whose_doubled_form_begins_so() -> None:
    other = probe("7AFF6C064882485533212387", "usb:1-5")
    meant = probe("37FF6C064882485533212387", "usb:1-6")
    assert choose("37", [other, meant]) is meant
    with pytest.raises(ProbeNotFoundError):
        choose("37", [other])


def test_a_whole_serial_wins_over_a_longer_one_that_begins_with_it() -> None:
    short = probe("57FF6C06", "usb:1-5")
    assert choose("57FF6C06", [V2_A, short]) is short


@pytest.mark.parametrize("serial", [PLACEHOLDER, "000000000000000000000000", ""])
def test_a_serial_that_clones_share_is_not_unique_and_the_path_is_offered(serial: str) -> None:
    twins = [probe(serial, "usb:1-6"), probe(serial, "usb:1-7")]
    assert not any(twin.unique_serial for twin in twins)
    with pytest.raises(ProbeAmbiguousError) as caught:
        choose("stlink", twins)
    assert "--probe usb:1-6" in (caught.value.hint_in(COMMAND_LINE) or "")
    assert choose("usb:1-7", twins) is twins[1]


def test_a_shared_serial_of_two_probes_is_ambiguous_even_in_full() -> None:
    twins = [probe(A, "usb:1-6"), probe(A, "usb:1-7")]
    with pytest.raises(ProbeAmbiguousError) as caught:
        choose(A, twins)
    assert "--probe usb:1-6" in (caught.value.hint_in(COMMAND_LINE) or "")


@pytest.mark.parametrize("selector", ["AB12", "usb:1-3", "usb:1-2.1"])
def test_a_selector_that_fits_nothing_lists_what_is_there(selector: str) -> None:
    with pytest.raises(ProbeNotFoundError, match=selector) as caught:
        choose(selector, [V2_A, V3])
    assert caught.value.details == (str(V2_A), str(V3))


def test_a_serial_that_may_be_the_unreadable_ones_is_a_matter_of_access() -> None:
    with pytest.raises(AccessError) as caught:
        choose(A, [DENIED])
    assert (caught.value.hint, caught.value.details) == ("udev", (str(DENIED),))
    assert "no permission" in str(DENIED)


@pytest.mark.parametrize("hint", [None, "replug"])
def test_a_serial_that_a_hung_probe_did_not_tell_is_a_matter_of_the_probe(hint: Optional[str]) -> None:
    hung = probe("", "usb:1-4", error=TransportTimeoutError("the probe did not answer in time", hint=hint))
    with pytest.raises(TransportError) as caught:
        choose(A, [hung])
    assert (caught.value.exit_code, caught.value.code) == (3, Code.PROBE_HUNG)
    assert "plug" in (caught.value.hint or "")


def test_an_unreadable_probe_is_still_chosen_by_its_path_and_as_the_only_one() -> None:
    assert choose("stlink", [DENIED]) is DENIED
    assert choose("usb:1-4", [DENIED, V3]) is DENIED
    with pytest.raises(ProbeNotFoundError):
        choose("usb:1-5", [DENIED])


@pytest.mark.parametrize("selector", ["", "COM3", "stlinkv4", "/dev/ttyUSB0", "57FF6G"])
def test_what_is_no_selector_at_all_is_wrong_usage(selector: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose(selector, [V2_A])
    assert "stlinkv21" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("system", "words"), [("linux", "virtual machine"), ("win32", "Device Manager"), ("darwin", "System Information")]
)
def test_nothing_attached_says_where_to_look_and_what_is_there_instead(
    monkeypatch: pytest.MonkeyPatch, system: str, words: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(confinement, "here", lambda: None)
    with pytest.raises(ProbeNotFoundError, match="no ST-LINK is attached") as caught:
        choose("stlink", [], ["0483:df11 at usb:1-1, an STM32 in DFU mode"])
    assert words in (caught.value.hint or "")
    assert caught.value.details == ("seen instead: 0483:df11 at usb:1-1, an STM32 in DFU mode",)


def test_nothing_attached_in_a_container_says_what_to_pass_but_not_for_a_simulated_bus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    docker = confinement.Confinement("docker", "a Docker container", "/.dockerenv", "start it with --device")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(confinement, "here", lambda: docker)
    with pytest.raises(ProbeNotFoundError) as real:
        choose("stlink", [])
    with pytest.raises(ProbeNotFoundError) as simulated:
        choose("stlink", [], prefix="sim:bench#")
    assert "The tool runs in a Docker container: start it with --device" in (real.value.hint or "")
    assert "Docker" not in (simulated.value.hint or "")


LOADERS = [probe("", "usb:1-9", 0x374D), probe("", "usb:1-9", 0x3755)]


@pytest.mark.parametrize("loader", LOADERS)
def test_a_probe_in_its_update_loader_is_passed_over_unless_it_is_alone(loader: FoundProbe) -> None:
    assert choose("stlink", [loader, V3]) is V3
    assert choose("stlinkv2", [loader, V3]) is V3
    assert choose("stlink", [loader]) is loader


@pytest.mark.parametrize("loader", LOADERS)
def test_a_probe_in_its_update_loader_says_so_and_what_helps(loader: FoundProbe) -> None:
    with pytest.raises(ProbeError, match="is in its firmware update loader") as caught:
        pipe_to(loader, SystemBus())
    assert "replug" in (caught.value.hint or "")
    assert (loader.problem, loader.hint) == (str(caught.value), caught.value.hint)


@pytest.mark.parametrize(
    ("raw", "serial"),
    [
        (text_descriptor(A), A),
        (text_descriptor(A.lower()), A),
        (text_descriptor("W\xffl\x06H\x82HU3!#\x87"), A),  # old firmware: raw bytes, one to a unit
        (text_descriptor("000000000001"), PLACEHOLDER),
        (text_descriptor("0123456789"), "30313233343536373839"),  # an open firmware: 10 units
        (text_descriptor("not hexadecimal digits!!"), b"not hexadecimal digits!!".hex().upper()),
        (text_descriptor(A)[:9], b"57FF".hex().upper()),  # cut off
        (b"", ""),
        (b"\x02\x03", ""),
    ],
)
def test_the_serial_is_normalised_from_every_form_that_firmware_has(raw: bytes, serial: str) -> None:
    assert serial_from_descriptor(raw) == serial


@given(st.binary(max_size=80))
def test_no_descriptor_breaks_the_serial(raw: bytes) -> None:
    serial = serial_from_descriptor(raw)
    assert serial == serial.upper()
    assert set(serial) <= set("0123456789ABCDEF")


def put_on_bus(monkeypatch: pytest.MonkeyPatch, *devices: FakeDevice) -> None:
    backend = FakeUsb(*devices)
    monkeypatch.setattr(libusb, "backend", lambda: backend)


def test_attached_probes_are_listed_with_the_reason_where_one_cannot_be_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dfu = FakeDevice(product=0xDF11, ports=(1,))
    denied = FakeDevice(ports=(2,), failures={"open_device": [fake_usb.NOT_SUPPORTED]})
    put_on_bus(monkeypatch, dfu, denied, composite_v3(ports=(3,), serial=text_descriptor(V3_SERIAL)))
    probes, others = survey(SystemBus())
    assert [(found.model.name, found.serial) for found in probes] == [("ST-LINK/V2", ""), ("STLINK-V3SET", V3_SERIAL)]
    assert "usb:1-2" in (probes[0].problem or "")
    assert probes[1].problem is None
    assert len(others) == 1
    assert dfu.calls == []


def test_finding_names_other_devices_of_st_when_there_is_no_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_bus(monkeypatch, FakeDevice(product=0xDF11), FakeDevice(product=0x5740, ports=(4,)))
    with pytest.raises(ProbeNotFoundError) as caught:
        find("stlink", SystemBus())
    assert caught.value.details == (
        "seen instead: 0483:df11 at usb:1-2, an STM32 in DFU mode; "
        "if it is a probe, replug it, or finish its update with ST's STLinkUpgrade",
        "seen instead: 0483:5740 at usb:1-4, not a probe",
    )


def test_the_probe_that_was_found_can_be_talked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    version = bytes.fromhex("29478304 4837")
    device = FakeDevice(replies=[version])
    put_on_bus(monkeypatch, device, composite_v3(ports=(3,), serial=text_descriptor(V3_SERIAL)))
    transport = pipe_to(find(A[:5], SystemBus()), SystemBus())
    assert (transport.identity.serial, transport.identity.path) == (A, "usb:1-2")
    transport.open()
    transport.write(b"\xf1".ljust(16, b"\0"), 1.0)
    assert transport.read(6, 1.0) == version
    transport.close()


def test_every_model_has_a_remedy_for_its_obstacle() -> None:
    for product, model in MODELS.items():
        assert bool(model.obstacle) == bool(model.remedy), hex(product)
