"""A checkout with a lock file of its own, and processes that need its packages."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from patience import ended
from stm8tool.support import deps

TOOL = Path(deps.__file__).parents[2]
PACKAGES = ", ".join(pin.name for pin in deps.pinned())
FETCHING = f"stm8tool: fetching its Python packages once ({PACKAGES})…\n"
SUFFIX = {"win32": "dll", "darwin": "dylib"}.get(sys.platform, "so")
LIBUSB = f"libusb-1.0.{SUFFIX}"
LIBUSB_WHEEL = "libusb_package-9.9.3-py3-none-any.whl"

# What a user's process does: it needs a module and says where that came from.
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from stm8tool.support import deps
from stm8tool.errors import AccessError
from stm8tool.words import COMMAND_LINE
try:
    deps.require(sys.argv[2])
    print(__import__(sys.argv[2]).__file__)
    print(*deps.libusb_files()[:1])
except AccessError as exc:
    sys.exit(f"error: {exc}\\nhint: {exc.hint_in(COMMAND_LINE)}")
"""


def recorded(text: str) -> str:
    """Return the hash of a file as a RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def _stand_in(package: str) -> tuple[str, dict[str, str]]:
    """Return version and files of a wheel that stands in for a package of the lock file."""
    if package == "libusb-package":
        return "9.9.3", {"libusb_package/__init__.py": "", f"libusb_package/{LIBUSB}": "a library"}
    if package == "pyusb":
        return "9.9.2", {"usb/__init__.py": "", "usb/core.py": "core = True\n"}
    modules = next(modules for modules in deps.PACKAGES.values() if package in modules)
    return "9.9.1", {f"{modules[package]}/__init__.py": ""}


class Checkout:
    """A checkout with a lock file of its own, for wheels that no interpreter has installed."""

    def __init__(self, root: Path) -> None:
        self.tool = root / "tool"
        self.wheels = root / "wheels"
        self.cache = root / "home"
        package = self.tool / "stm8tool"
        package.mkdir(parents=True)
        self.wheels.mkdir()
        (package / "support").mkdir()
        for name in ("__init__.py", "errors.py", "error_value.py", "codes.py", "words.py"):
            (package / name).write_bytes((TOOL / "stm8tool" / name).read_bytes())
        modules = ("__init__", "files", "streams", "bundle", "deps", "places", "package_files", "fetching")
        for name in (f"support/{module}.py" for module in modules):
            (package / name).write_bytes((TOOL / "stm8tool" / name).read_bytes())
        lines = [self.add_wheel(pin.name, *_stand_in(pin.name)) for pin in deps.pinned()]
        (self.tool / "requirements.lock").write_text("# why\n" + "\n# why\n".join(lines))

    def add_wheel(self, name: str, version: str, files: dict[str, str]) -> str:
        """Put a wheel into the folder that pip reads; return its lines for a lock file."""
        stem = f"{name.replace('-', '_')}-{version}"
        metadata = {
            f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        contents = {**files, **metadata}
        record = "".join(f"{path},sha256={recorded(text)},{len(text)}\n" for path, text in contents.items())
        record += f"{stem}.dist-info/RECORD,,\n"
        path = self.wheels / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for file, text in {**contents, f"{stem}.dist-info/RECORD": record}.items():
                wheel.writestr(zipfile.ZipInfo(file), text)  # with a fixed time: every checkout's wheels are the same
        return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"

    def start(
        self, module: str = "intelhex", *flags: str, script: str = SCRIPT, **environment: str
    ) -> subprocess.Popen[str]:
        settings = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
            "XDG_CACHE_HOME": str(self.cache),
            "LOCALAPPDATA": str(self.cache),
            "PYTHONIOENCODING": "utf-8",
            **environment,
        }
        return subprocess.Popen(
            [sys.executable, *flags, "-c", script, str(self.tool), module],
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(
        self, module: str = "intelhex", *flags: str, script: str = SCRIPT, **environment: str
    ) -> tuple[list[str], str]:
        """Return the lines on stdout and the text on stderr; `flags` are the interpreter's."""
        process = self.start(module, *flags, script=script, **environment)
        stdout, stderr = ended(process)
        return stdout.splitlines(), stderr

    def filled(self) -> list[Path]:
        """Return what lies in the private folder, lock files apart."""
        return [path for path in (self.tool / "_deps").glob("*") if path.suffix != ".lock"]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout that has no packages yet."""
    return Checkout(tmp_path)


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The private folder of a checkout that has fetched its packages by pip."""
    checkout = Checkout(tmp_path_factory.mktemp("fetched"))
    assert checkout.run("usb")[1] == FETCHING
    return checkout.tool / "_deps"


@pytest.fixture
def warm(checkout: Checkout, fetched: Path) -> Checkout:
    """A checkout that has fetched its packages: pip needs a second for it, a copy of what it made does not."""
    shutil.copytree(fetched, checkout.tool / "_deps")
    return checkout
