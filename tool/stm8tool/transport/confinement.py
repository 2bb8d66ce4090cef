"""Detect the container or sandbox around this process on Linux, and advise how to pass a probe into it.

Each kind has a sign that any process may read. A sign alone is not a fault: it only chooses the advice if a probe
cannot be reached.

Sources: the manuals of Docker, Podman, LXC, systemd-nspawn, Flatpak and usbipd-win for the options. os-release(5) and
systemd's "Container Interface" for /run/systemd/container. Confidence medium: we have not passed on a real probe.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Optional

_LONGEST_SIGN = 64 * 1024  # bytes of a file in /proc

_USB_MAJOR = 189  # character devices of USB; Linux, Documentation/admin-guide/devices.txt


class Confinement(NamedTuple):
    """The container or sandbox around this process.

    Attributes:
        kind: A key of `_NAMES`.
        name: Its name in a message, "a Docker container".
        sign: The file or variable that shows it.
        advice: How to pass a probe into it.
    """

    kind: str
    name: str
    sign: str
    advice: str


_NAMES = {
    "docker": "a Docker container",
    "podman": "a Podman container",
    "kubernetes": "a Kubernetes pod",
    "lxc": "an LXC container",
    "systemd-nspawn": "a systemd-nspawn container",
    "flatpak": "a Flatpak sandbox",
    "snap": "a snap",
    "wsl": "WSL",
}

_ADVICE = {
    "docker": "start the container with `--device=/dev/bus/usb`. To find a replugged probe, it also needs "
    f"`-v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c {_USB_MAJOR}:* rmw'`",
    "podman": "start the container with `--device=/dev/bus/usb`; without root, add `--group-add keep-groups`. "
    "The udev rule for the probe belongs on the host",
    "kubernetes": "mount /dev/bus/usb into the pod as a hostPath and set `privileged: true`, or use a device plugin",
    "lxc": "on the host, run `lxc config device add NAME stlink usb vendorid=0483`. Without LXD, mount /dev/bus/usb "
    f"and set `lxc.cgroup2.devices.allow = c {_USB_MAJOR}:* rwm`",
    "systemd-nspawn": "start the container with `--bind=/dev/bus/usb --property='DeviceAllow=char-usb_device rwm'`",
    "flatpak": "run `flatpak override --user --device=all {name}`, and start the program again",
    "snap": "run `snap connect {name}:raw-usb`, or install the program without snap",
    "wsl": "in Windows, run `usbipd list`, then `usbipd bind --busid BUSID` as administrator, then "
    "`usbipd attach --wsl --busid BUSID`",
}

ANYWHERE = (
    "if this is a container, pass the probe into it: docker and podman take `--device=/dev/bus/usb`. "
    f"Any container, sandbox or service needs /dev/bus/usb and the right to open character devices {_USB_MAJOR}:*"
)

_FILES = {"run/.containerenv": "podman", ".dockerenv": "docker", "dev/lxd": "lxc", "dev/incus": "lxc"}

# A pattern of a path in /proc/PID/cgroup: for the first version of cgroups, or with the namespace of the host.
_CGROUPS = {
    "kubernetes": r"/kubepods",
    "podman": r"/libpod[_-]",
    "docker": r"/docker[/-]",
    "lxc": r"/lxc(\.payload)?[./]",
}


def here(root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> Optional[Confinement]:
    """Return the container or sandbox around this process, None if nothing shows one; it never raises."""
    for kind, sign, name in _signs(root, environ):
        return Confinement(kind, _NAMES[kind], sign, _ADVICE[kind].format(name=name))
    return None


def _signs(root: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, sign, name of the program if the advice needs one), the innermost kind first."""
    yield from _sandboxes(root)
    yield from _containers(root, environ)
    if "microsoft" in _text(root / "proc/sys/kernel/osrelease").lower():
        yield "wsl", "/proc/sys/kernel/osrelease", ""


def _sandboxes(root: Path) -> Iterator[tuple[str, str, str]]:
    flatpak = _text(root / ".flatpak-info")
    if flatpak:
        found = re.search(r"^name=(\S+)", flatpak, re.MULTILINE)
        yield "flatpak", "/.flatpak-info", found[1] if found else "APPLICATION"
    # A classic snap sets the same variables, but is not confined: only an enforced profile is a sign.
    profile = re.match(r"snap\.([^.\s]+)\.\S+ \(enforce\)", _text(root / "proc/self/attr/current"))
    if profile:
        yield "snap", "/proc/self/attr/current", profile[1]


def _containers(root: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    if environ.get("KUBERNETES_SERVICE_HOST"):
        yield "kubernetes", "KUBERNETES_SERVICE_HOST", ""
    for file, kind in _FILES.items():
        if (root / file).exists():
            yield kind, f"/{file}", ""
    told = {"/run/systemd/container": _text(root / "run/systemd/container"), "$container": environ.get("container", "")}
    for sign, value in told.items():
        kind = value.strip().replace("lxc-libvirt", "lxc")
        if kind in _NAMES:
            yield kind, sign, ""
    for process in ("1", "self"):
        groups = _text(root / "proc" / process / "cgroup")
        for kind, pattern in _CGROUPS.items():
            if re.search(pattern, groups):
                yield kind, f"/proc/{process}/cgroup", ""


def _text(file: Path) -> str:
    """Return the text of a small file; an empty text if it cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(_LONGEST_SIGN).decode(errors="replace")
    except OSError:
        return ""
