"""The release archive: what is in it, and what a user without a network does with it.

`dev.py release` names its archive in STM8_RELEASE. Without that, the test makes an archive of the current checkout,
from the same wheels.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from pathlib import Path

import pytest

import archive
import wheels
from offline import Machine, machine, no_network
from pio import MAIN_C, ROOT, Core, Project
from stm8tool.support import bundle

pytestmark = pytest.mark.platform

SNAPSHOT = Path(__file__).with_name("golden") / "archive.txt"
WHEELS = ROOT / ".demo" / "wheels"


def made(file: Path, seconds: int = 1_000_000_000) -> Path:
    try:
        archive.make(file, WHEELS, seconds)
    except wheels.IndexSilentError as exc:
        pytest.skip(f"a release needs the package index: {exc}")
    return file


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive."""
    given = os.environ.get("STM8_RELEASE")
    return Path(given) if given else made(tmp_path_factory.mktemp("archive with spaces") / archive.name())


@pytest.fixture(scope="module")
def content(released: Path) -> dict[str, bytes]:
    """What every file of the archive holds."""
    with tarfile.open(released) as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar.getmembers())
        return {name: file.read() for name, file in files if file}


# -- what is in it ---------------------------------------------------------------------------------------------------


def test_the_archive_holds_what_its_snapshot_lists_and_nothing_else(content: dict[str, bytes]) -> None:
    """A new folder, or a new kind of file, is to be seen in a review; another board or module is not."""
    lines = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    patterns = {line: re.compile(re.escape(line).replace(r"\*", "[^/]*")) for line in lines}
    listed = {name: line for name in content for line, pattern in patterns.items() if pattern.fullmatch(name)}
    assert sorted(content.keys() - listed.keys()) == []
    assert sorted(set(lines) - set(listed.values())) == []


def test_besides_the_vendored_files_it_holds_what_git_would_commit_and_all_of_it(content: dict[str, bytes]) -> None:
    exported = archive.exported(json.loads(content["platform.json"])["export"])
    listed = archive.git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *exported)
    if listed is None:
        pytest.skip("this is not a git checkout, or there is no git")
    present = {name for name in listed.split("\0") if (ROOT / name).is_file()}
    assert {name for name in content if not name.startswith("tool/_vendor/")} == present


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the archive holds besides the vendored files, as a folder."""
    folder = tmp_path_factory.mktemp("staged") / "platform"
    archive.stage(folder)
    return folder


def test_its_documents_lead_to_files_that_are_in_it(staged: Path) -> None:
    pages = sorted(staged.rglob("*.md"))
    assert len(pages) > 8
    links = [(page, link) for page in pages for link in re.findall(r"\]\((?!https?:)(.+?)\)", page.read_text("utf-8"))]
    files = [(page.name, link) for page, link in links if not (page.parent / link.partition("#")[0]).exists()]
    assert files == []


def test_its_documents_say_where_a_command_needs_a_checkout(staged: Path) -> None:
    """What only developers have is named in sections that speak of a checkout, or on pages that begin with it."""
    pages = [re.split(r"^#+ ", page.read_text("utf-8"), flags=re.M) for page in sorted(staged.rglob("*.md"))]
    sections = [text for page in pages if not re.search(r"\bcheckout\b", "".join(page[:2])) for text in page]
    sections += [text for page in pages for text in page[:2]]
    of_developers = [text for text in sections if re.search(r"\bdev\.py\b|CONTRIBUTING\.md|\btests/", text)]
    assert of_developers
    assert [text.splitlines()[0] for text in of_developers if not re.search(r"\bcheckout\b", text)] == []


def test_every_file_at_the_top_is_either_exported_or_for_developers() -> None:
    """Something new is in the archive, or here."""
    developers = {"CONTRIBUTING.md", "dev.py", "pyproject.toml", "requirements-dev.in", "requirements-dev.lock"}
    developers |= {"findings", "release", "tests"}
    developers |= {"dev"}
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "__"))} - {"dist"}
    there -= {path.name for path in ROOT.glob("*.egg-info")}  # of pip install -e
    assert there == developers | set(archive.manifest()["export"]["include"])


def test_every_library_is_for_the_processes_that_would_choose_it(content: dict[str, bytes]) -> None:
    machines = {
        folder: wheels.machine_of(content[f"tool/_vendor/libusb/{folder}/{bundle.FILES[system]}"])
        for folder, (system, _, _) in bundle.FOLDERS.items()
    }
    assert machines == {kind: machine for kind, (_, machine) in wheels.KINDS.items()}


def test_its_manifest_has_what_the_registry_wants(content: dict[str, bytes]) -> None:
    manifest = json.loads(content["platform.json"])
    assert manifest == archive.manifest()
    assert (manifest["name"], manifest["license"]) == ("ststm8", "Apache-2.0")
    version = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", manifest["version"])
    assert version
    assert tuple(map(int, version.groups())) > (2, 1, 0)  # or PlatformIO's own would win
    assert manifest["engines"] == {"platformio": "^6"}
    assert manifest["homepage"].startswith("https://")
    assert 0 < len(manifest["description"]) <= 1000
    assert all(re.fullmatch(r"[a-z\d\-_+. ]{1,50}", keyword) for keyword in manifest["keywords"])


def test_the_licences_of_what_it_carries_are_in_it(content: dict[str, bytes]) -> None:
    vendor = "tool/_vendor"
    assert b"GNU LESSER GENERAL PUBLIC LICENSE" in content[f"{vendor}/libusb/LGPL-2.1.txt"]
    for file in ("pyusb-1.3.1.dist-info/LICENSE", "intelhex-2.3.0.dist-info/LICENSE.txt"):
        assert b"Redistribution and use in source and binary forms" in content[f"{vendor}/python/{file}"]
    notice = content["tool/_vendor/libusb/README.txt"].decode()
    assert "https://github.com/libusb/libusb/releases/tag/v1.0.30\n" in notice


def test_the_same_checkout_gives_the_same_bytes(released: Path, tmp_path: Path) -> None:
    with tarfile.open(released) as tar:
        (seconds,) = {int(member.mtime) for member in tar.getmembers()}
    assert made(tmp_path / "again.tar.gz", seconds).read_bytes() == released.read_bytes()


# -- what a user without a network does with it ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(core: Core, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine that has the archive installed as the README says."""
    first = Project(core, tmp_path_factory.mktemp("first"))
    first.source(MAIN_C)
    first.configure("stm8sblue")
    assert first.run().code == 0  # SCons and SDCC are there now, also where they come from the registry
    user = machine(tmp_path_factory.mktemp("user"), core.folder / "packages")
    result = user.pio("pkg", "install", "-g", "-p", f"./{released.name}", cwd=released.parent)
    assert result.code == 0, result.output
    assert user.platform.is_dir()
    return user


@pytest.fixture
def project(installed: Machine, tmp_path: Path) -> Project:
    """The example of the archive, and a simulated board that ships locked."""
    project = Project(installed.core, tmp_path / "blink")
    shutil.copytree(installed.platform / "examples" / "native-blink", project.folder)
    tool = str(installed.platform / "tool")
    made = installed.run(tool, "sim", "create", "board.chip", "--part", "stm8s103f3", "--locked", cwd=project.folder)
    assert made.code == 0, made.output
    return project


def test_no_network_is_within_reach_of_the_commands(installed: Machine, tmp_path: Path) -> None:
    if not no_network():
        pytest.skip("this system makes no network namespace: the commands only have proxies that lead nowhere")
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    assert "Network is unreachable" in installed.run("-c", code, cwd=tmp_path).output


def test_it_builds_uploads_and_verifies_with_what_it_carries_alone(installed: Machine, project: Project) -> None:
    for target in ("upload", "verify"):
        words = ("run", "-e", "stm8sblue", "-t", target, "--upload-port", "sim:board.chip")
        result = installed.pio(*words, cwd=project.folder)
        assert result.code == 0, result.output
        assert "fetching its Python packages" not in result.output
    show = installed.run(str(installed.platform / "tool"), "sim", "show", "board.chip", cwd=project.folder)
    assert re.search(r"^  protection +off$", show.output, re.MULTILINE)
    assert re.search(r"^  CPU +running$", show.output, re.MULTILINE)
    assert not (installed.platform / "tool" / "_deps").exists()


def test_the_libusb_that_it_loads_is_the_one_that_it_carries(installed: Machine, project: Project) -> None:
    expected = bundle.of_this_process()
    if not expected:
        pytest.skip("the archive has no libusb for this machine")
    file = (
        installed.platform / "tool" / "_vendor" / "libusb" / expected[0] / bundle.FILES[bundle.FOLDERS[expected[0]][0]]
    )
    words = ("run", "-e", "stm8sblue", "-t", "list-probes")
    result = installed.pio(*words, cwd=project.folder, PLATFORMIO_UPLOAD_FLAGS="-v")
    # A container may have no USB at all; the library has been loaded then, too.
    assert f"USB library: {file}" in result.output or f"libusb-package: {file}: it loads but" in result.output
