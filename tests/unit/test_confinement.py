"""Containers and sandboxes, each by the signs that it leaves on a root made of files."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

from stm8tool.transport import confinement

# What a kind leaves: files with their text, variables; then how it is called, and what its advice must have.
KINDS = {
    "docker": ({".dockerenv": ""}, {}, "a Docker container", "--device-cgroup-rule='c 189:* rmw'"),
    "docker-cgroup-1": (
        {"proc/1/cgroup": "4:devices:/docker/0a1b\n"},
        {},
        "a Docker container",
        "--device=/dev/bus/usb",
    ),
    "docker-slice": (
        {"proc/self/cgroup": "0::/system.slice/docker-0a1b.scope\n"},
        {},
        "a Docker container",
        "--device=/dev/bus/usb",
    ),
    "podman": ({"run/.containerenv": ""}, {}, "a Podman container", "--group-add keep-groups"),
    "podman-variable": ({}, {"container": "podman"}, "a Podman container", "--device=/dev/bus/usb"),
    "kubernetes": ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "a Kubernetes pod", "hostPath"),
    "kubernetes-cgroup": ({"proc/1/cgroup": "0::/kubepods.slice/a\n"}, {}, "a Kubernetes pod", "privileged"),
    "lxc": ({"run/systemd/container": "lxc\n"}, {}, "an LXC container", "lxc.cgroup2.devices.allow = c 189:* rwm"),
    "lxc-payload": ({"proc/1/cgroup": "0::/lxc.payload.box/init.scope\n"}, {}, "an LXC container", "lxc config device"),
    "lxd-socket": ({"dev/lxd/sock": ""}, {}, "an LXC container", "lxc config device"),
    "nspawn": ({"run/systemd/container": "systemd-nspawn"}, {}, "a systemd-nspawn container", "--bind=/dev/bus/usb"),
    "flatpak": (
        {".flatpak-info": "[Application]\nname=com.visualstudio.code\nruntime=x\n"},
        {},
        "a Flatpak sandbox",
        "flatpak override --user --device=all com.visualstudio.code",
    ),
    "snap": ({"proc/self/attr/current": "snap.codium.codium (enforce)\n"}, {}, "a snap", "snap connect codium:raw-usb"),
    "wsl": ({"proc/sys/kernel/osrelease": "5.15.90.1-microsoft-standard-WSL2\n"}, {}, "WSL", "usbipd attach --wsl"),
}


def root_with(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(("files", "environ", "name", "words"), KINDS.values(), ids=KINDS)
def test_each_kind_is_known_by_its_sign_and_has_advice_of_its_own(
    tmp_path: Path, files: dict[str, str], environ: dict[str, str], name: str, words: str
) -> None:
    found = confinement.here(root_with(tmp_path, files), environ)
    assert found is not None
    assert found.name == name
    assert words in found.advice
    assert "{" not in found.advice
    assert found.sign.lstrip("/$") in {*files, *environ, *(str(Path(file).parent) for file in files)}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/1/cgroup": "0::/init.scope\n", "proc/self/cgroup": "0::/user.slice/user-1000.slice/session-2.scope\n"},
        {"proc/self/cgroup": "0::/user.slice/user-1000.slice/docker.service\n"},  # the daemon's own machine
        {"proc/self/attr/current": "snap.code.code (complain)\n"},  # a classic snap is not confined
        {"proc/self/attr/current": "unconfined\n"},
        {"run/systemd/container": "a new kind\n"},
        {"proc/sys/kernel/osrelease": "6.1.0-18-amd64\n"},
    ],
    ids=["nothing", "host", "docker-daemon", "classic-snap", "unconfined", "unknown", "debian"],
)
def test_a_plain_machine_shows_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert confinement.here(root_with(tmp_path, files), {"SNAP": "/snap/code/1"}) is None


def test_a_container_inside_wsl_is_the_container(tmp_path: Path) -> None:
    root = root_with(tmp_path, {".dockerenv": "", "proc/sys/kernel/osrelease": "5.15-microsoft-standard-WSL2"})
    found: Optional[confinement.Confinement] = confinement.here(root, {})
    assert found is not None
    assert (found.kind, found.sign) == ("docker", "/.dockerenv")
