"""What the virtual machine boots, all of it from Debian packages: a kernel, a few of its modules, an initramfs.

Run as a program it makes that; with --missing it names the packages to be installed before.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Union

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".demo" / "vm"
NOT_HERE = 77  # exit code if this machine cannot run the tests, as in automake; a failure has another code
KERNEL = "linux-image-amd64"
PROGRAMS = {  # program: its Debian package
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "depmod": "kmod",
    "usbip": "usbip",
    "openocd": "openocd",
}
_SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_WANTED = (
    "boot/vmlinuz-*",
    *(f"lib/modules/*/{name}" for name in ("modules.*", "kernel/fs", "kernel/lib", "kernel/net/9p", "kernel/net/core")),
)
_USB_DRIVERS = ("usb/common", "usb/core", "usb/usbip", "usb/storage", "usb/class", "scsi")
_DRIVERS = ("virtio", "net/*virtio_net.*", "net/net_failover.*", "usb/host/xhci*", *_USB_DRIVERS)
_FOR_THE_ROOT = ("virtio_pci", "9pnet_virtio", "9p", "overlay")


class MissingError(Exception):
    """One sentence: what is missing, and how to get it."""


def program(name: str) -> str:
    """Return the path of a program of PROGRAMS."""
    path = shutil.which(name, path=_SEARCHED)
    if path is None:
        raise MissingError(f"the virtual machine tests need {name}: apt-get install {PROGRAMS[name]}")
    return path


class Image:
    """Kernel, modules and initramfs in `folder`; made when they are not there."""

    def __init__(self, folder: Path) -> None:
        for name in PROGRAMS:
            program(name)
        version = _kernel_package()
        self.root = folder / version
        complete, pieces = self.root / "complete", "\n".join((*_WANTED, *_DRIVERS))
        if not complete.exists() or complete.read_text() != pieces:
            shutil.rmtree(self.root, ignore_errors=True)
            _fetch_kernel(version, self.root)
            complete.write_text(pieces)
        self.kernel = next((self.root / "boot").glob("vmlinuz-*"))
        self.initramfs = self.root / "initramfs"
        _make_initramfs(next((self.root / "lib" / "modules").iterdir()), self.initramfs)


def _kernel_package() -> str:
    """Return the package on which Debian's kernel package depends: the newest kernel."""
    for line in _run("apt-cache", "depends", KERNEL).splitlines():
        name, _, package = line.strip().partition(": ")
        if name == "Depends" and package.startswith("linux-image-"):
            return package
    raise MissingError(f"the virtual machine tests need the Debian package {KERNEL}: apt-get update")


def _fetch_kernel(package: str, root: Path) -> None:
    root.mkdir(parents=True)
    _run("apt-get", "-qq", "download", package, cwd=root)
    file = next(root.glob("*.deb"))
    wanted = [f"./{name}" for name in (*_WANTED, *(f"lib/modules/*/kernel/drivers/{name}" for name in _DRIVERS))]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", file], stdout=subprocess.PIPE) as unpack:
        subprocess.run(["tar", "-x", "-C", root, "--wildcards", *wanted], stdin=unpack.stdout, check=True)
    file.unlink()
    version = next((root / "lib" / "modules").iterdir()).name
    _run(program("depmod"), "-b", root, version)


def _make_initramfs(modules: Path, target: Path) -> None:
    """Pack busybox, init, and the modules that mount the host's root, in the order in which they are loaded."""
    needs = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, needed = line.partition(":")
        needs[Path(path).name.partition(".")[0].replace("-", "_")] = (path, needed.split())
    order: list[str] = []
    for name in _FOR_THE_ROOT:
        path, needed = needs[name]
        order += [module for module in (*reversed(needed), path) if module not in order]
    tree = target.with_name("tree")
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("bin", "modules", "dev", "proc", "sys", "host", "upper", "new"):
        (tree / folder).mkdir(parents=True)
    shutil.copy(program("busybox"), tree / "bin" / "busybox")
    for module in order:
        shutil.copy(modules / module, tree / "modules")
    (tree / "modules" / "order").write_text("".join(f"{Path(module).name}\n" for module in order))
    shutil.copy(HERE / "init", tree)
    (tree / "init").chmod(0o755)
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    packed = subprocess.run(
        [program("busybox"), "cpio", "-o", "-H", "newc"],
        cwd=tree,
        input=names.encode(),
        capture_output=True,
        check=True,
    )
    target.write_bytes(packed.stdout)


def _run(*command: Union[str, Path], cwd: Path = HERE) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise MissingError(f"the virtual machine tests need {command[0]}, and so a Debian system") from None
    if done.returncode:
        raise MissingError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def main() -> int:
    if "--missing" in sys.argv:
        print(*(package for name, package in PROGRAMS.items() if not shutil.which(name, path=_SEARCHED)))
        return 0
    try:
        Image(FOLDER)
    except MissingError as exc:
        print(f"not run: {exc}")
        return NOT_HERE
    return 0


if __name__ == "__main__":
    sys.exit(main())
