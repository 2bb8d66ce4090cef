"""From a resource to the probe, the USB devices that are ST-LINKs, and the values that the exporter sends."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from labgrid.resource.common import ResourceManager
from labgrid.resource.udev import UdevManager

from stm8tool_labgrid import Stm8Probe, Stm8ToolError, address, claim
from stm8tool_labgrid.exporter import Stm8ProbeExport

HERE = Path("here")


def resource(**fields: Any) -> Any:
    """Return a resource with these fields; labgrid's classes are not needed to read them."""
    named = {"name": "probe", "parent": None, "vendor_id": 0x0483, "model_id": 0x3748}
    return type("NetworkUSBDebugger", (SimpleNamespace,), {})(**{**named, **fields})


def found(one: Any, *, allow_remote: bool = False, port: int = 3240) -> str:
    return address.of(one, folder=HERE, port=port, allow_remote=allow_remote)


def test_a_socket_of_this_machine_is_a_usb_path() -> None:
    assert found(resource(path="1-1.4")) == "usb:1-1.4"
    for host in ("localhost", "127.0.0.1", "::1", socket.gethostname()):
        assert found(resource(path="1-1.4", host=host)) == "usb:1-1.4"


def test_a_socket_of_another_machine_is_reached_by_usbip() -> None:
    far = resource(path="1-1.4", host="192.0.2.7")
    assert found(far) == "usbip://192.0.2.7:3240/1-1.4"
    assert found(far, allow_remote=True, port=4000) == "usbip://192.0.2.7:4000/1-1.4?allow-remote"
    assert found(resource(path="2-1", host="2001:db8::1")) == "usbip://[2001:db8::1]:3240/2-1"


def test_an_address_is_taken_as_it_stands() -> None:
    assert found(resource(address="usbip://192.0.2.7/1-1")) == "usbip://192.0.2.7/1-1"
    assert found(resource(address="usbip://192.0.2.7/1-1"), allow_remote=True).endswith("/1-1?allow-remote")


def test_a_simulated_board_of_an_exporter_needs_a_whole_path() -> None:
    assert found(resource(address="sim:b.chip")) == f"sim:{HERE / 'b.chip'}"
    with pytest.raises(Stm8ToolError, match=r"sim:b\.chip is not a whole path"):
        found(resource(address="sim:b.chip", parent="a place"))


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (resource(path=None), r"has no probe: neither an address nor a USB socket is known \[E-NO-PROBE\]"),
        (resource(path="1-1", vendor_id=0x1366, model_id=0x0101), r"at 1-1 is 1366:0101, which is not an ST-LINK"),
        (resource(path="1-1", extra={"proxy_required": True, "proxy": "lab"}), "isolated.*ssh -N -L .* lab`"),
    ],
)
def test_a_resource_that_leads_to_no_probe_is_an_error(one: Any, says: str) -> None:
    with pytest.raises(Stm8ToolError, match=says):
        found(one)


def test_spellings_of_one_probe_have_one_lock(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "b.chip")
    assert address.key(f"sim:{tmp_path / 'link'}") == address.key(f"sim:{tmp_path / 'b.chip'}")
    assert address.key("usbip://LAB/1-1?allow-remote") == address.key("usbip://lab:3240/1-1")
    assert address.key("usb:1-1") != address.key("usb:1-2")


def test_without_a_home_the_locks_are_in_the_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim.places, "user_cache", lambda: None)
    assert claim.folder().name.startswith("stm8tool-")


# -- udev ------------------------------------------------------------------------------------------------------------


def device(vendor: str = "0483", product: str = "3748", **fields: Any) -> Any:
    properties = {"ID_VENDOR_ID": vendor, "ID_MODEL_ID": product, "BUSNUM": "1", "DEVNUM": "5", "ID_SERIAL_SHORT": "A"}
    about = {"subsystem": "usb", "device_type": "usb_device", "sys_path": "/sys/x", "sys_name": "1-1.4", "action": None}
    return SimpleNamespace(
        properties=properties, attributes={}, ancestors=(), **{**about, "SUBSYSTEM": "usb", **fields}
    )


@pytest.fixture
def no_udev(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without devices: a container may have no udev."""
    monkeypatch.setattr(UdevManager, "__attrs_post_init__", lambda self: setattr(self, "resources", []))
    monkeypatch.setattr(UdevManager, "on_resource_added", lambda self, resource: None)
    monkeypatch.setattr(UdevManager, "poll", lambda self: None)
    monkeypatch.setattr(ResourceManager, "instances", {})  # a manager is made once, and kept there


@pytest.mark.usefixtures("no_udev")
@pytest.mark.parametrize(
    "product", ["3744", "3748", "374a", "374b", "374d", "374e", "374f", "3752", "3753", "3754", "3757"]
)
def test_every_st_link_is_a_probe(product: str) -> None:
    probe = Stm8Probe(None, None)
    assert probe.try_match(device(product=product))
    assert (probe.avail, probe.path, probe.model_id) == (True, "1-1.4", int(product, 16))


@pytest.mark.usefixtures("no_udev")
def test_another_device_is_none_and_a_match_chooses_among_probes() -> None:
    assert not Stm8Probe(None, None).try_match(device(product="df11"))
    assert not Stm8Probe(None, None).try_match(device(vendor="1366", product="3748"))
    assert not Stm8Probe(None, None).filter_match(SimpleNamespace(properties={}))
    assert not Stm8Probe(None, None, match={"ID_SERIAL_SHORT": "B"}).try_match(device())


@pytest.mark.usefixtures("no_udev")
def test_the_exporter_sends_what_a_client_needs() -> None:
    params = {"match": {"ID_SERIAL_SHORT": "A"}, "part": "stm8s103f3"}
    export = Stm8ProbeExport({"cls": "Stm8Probe", "params": params}, host="lab")
    assert export.poll()
    assert (export.cls, export.avail) == ("NetworkStm8Probe", False)
    export.local.try_match(device())
    assert export.poll()
    extra = export.params.pop("extra")
    assert (export.avail, extra["proxy_required"]) == (True, False)
    assert export.params == {
        "host": "lab",
        "path": "1-1.4",
        "busnum": 1,
        "devnum": 5,
        "vendor_id": 0x0483,
        "model_id": 0x3748,
        "part": "stm8s103f3",
    }
