"""pip apart from what the user set for it: real pip, from a folder of wheels, without a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stm8tool.errors import AccessError
from stm8tool.support import deps, fetching
from unit.checkout import FETCHING, Checkout, checkout

__all__ = ["checkout"]  # a fixture


@pytest.mark.parametrize(
    "options",
    [
        {"PIP_DRY_RUN": "1"},
        {"PIP_ROOT": "{elsewhere}"},
        {"PIP_PREFIX": "{elsewhere}"},
        {"PIP_TARGET": "{elsewhere}"},
        {"PIP_CONSTRAINT": "{elsewhere}/constraints.txt"},
        {"PIP_REQUIREMENT": "{elsewhere}/requirements.txt"},
        {"PIP_NO_BINARY": ":all:"},
        {"PIP_PLATFORM": "win32"},
        {"PIP_PYTHON": "{elsewhere}/python"},
        {"PIP_QUIET": "3"},
        {"PIP_LOG": "{elsewhere}/no/such/log"},
        {"PIP_NO_SUCH_OPTION": "1", "PIP_PROGRESS_BAR": "no such bar"},
        {"PIP_CONFIG_FILE": "{elsewhere}/no/such/file"},
        {"PYTHONPATH": "{elsewhere}", "PYTHONSTARTUP": "{elsewhere}/start.py"},
        {"PYTHONHOME": ""},
    ],
    ids=lambda options: " ".join(options),
)
def test_options_of_the_user_do_not_mislead_pip(checkout: Checkout, options: dict[str, str]) -> None:
    elsewhere = checkout.tool.parent / "elsewhere"
    (elsewhere / "pip").mkdir(parents=True)
    (elsewhere / "pip" / "__main__.py").write_text("raise SystemExit('another pip')")
    (elsewhere / "constraints.txt").write_text("intelhex==1.0\n")
    before = sorted(elsewhere.rglob("*.*"))
    environment = {name: value.format(elsewhere=elsewhere) for name, value in options.items()}
    stdout, stderr = checkout.run("usb", **environment)
    assert (Path(stdout[0]).parent.parent, stderr) == (checkout.filled()[0], FETCHING)
    assert sorted(elsewhere.rglob("*.*")) == before


def test_a_configuration_file_says_where_packages_come_from_and_nothing_else(checkout: Checkout) -> None:
    """A company's file: its index counts, its rules for other projects do not."""
    file = checkout.tool.parent / "pip.conf"
    file.write_text(
        "[global]\nquiet = 1\nno-index = no\n"
        f"[install]\nno-index = true\nfind-links =\n    {checkout.cache / 'none'}\n    {checkout.wheels}\n"
        f"dry-run = true\ntarget = {checkout.cache}\n"
    )
    checkout.cache.mkdir()
    (checkout.cache / "none").mkdir()
    stdout, stderr = checkout.run(PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_CONFIG_FILE=str(file))
    assert stdout, stderr
    assert (Path(stdout[0]).parent.parent, stderr) == (checkout.filled()[0], FETCHING)


def test_a_configuration_file_that_pip_cannot_read_does_not_stop_it(checkout: Checkout) -> None:
    file = checkout.tool.parent / "pip.conf"
    file.write_text("no section = here\n")
    stdout, stderr = checkout.run(PIP_CONFIG_FILE=str(file))
    assert (len(stdout), stderr) == (2, FETCHING)


def test_what_pip_is_told_is_where_packages_come_from_and_how_the_network_is_reached(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "PYTHON"))]:
        monkeypatch.delenv(name)
    kept = {
        "PIP_INDEX_URL": "https://packages.example/simple",
        "PIP_PROXY": "http://proxy.example:3128",
        "PIP_CERT": "/etc/ca.pem",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }
    refused = {"PIP_TARGET": "x", "PIP_USER": "1", "PIP_VERBOSE": "3", "PYTHONPATH": "x", "PYTHONWARNINGS": "error"}
    features = {"PIP_USE_FEATURE": "fast-deps truststore"}
    for name, value in {**kept, **refused, **features, "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    told = fetching._environment(fetching._settings(tmp_path))
    assert {name: told[name] for name in kept} == kept
    assert not refused.keys() & told.keys()
    assert told["PIP_USE_FEATURE"] == "truststore"
    assert (told["PIP_DEFAULT_TIMEOUT"], told["PIP_RETRIES"], told["PIP_CONFIG_FILE"]) == ("15", "1", os.devnull)
    monkeypatch.setenv("PIP_TIMEOUT", "99")
    assert "PIP_DEFAULT_TIMEOUT" not in fetching._environment(fetching._settings(tmp_path))


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "ERROR: Exception:\nTraceback (most recent call last):\n  File x\nOSError: [Errno 28] No space left on device",
        "ERROR: Exception:\nshutil.Error: ["
        + 99 * "('new/a.py', 'deps/a.py', \"[Errno 28] No space left on device: 'new/a.py' -> 'deps/a.py'\"), ",
    ],
    ids=["told", "crashed", "crashed with every file"],
)
def test_a_full_disk_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str) -> None:
    """pip's own words; the last are of a file system of 300 KB."""
    monkeypatch.setattr(fetching, "command", lambda *_: [sys.executable, "-c", f"raise SystemExit({said!r})"])
    monkeypatch.setattr(deps, "_private_folders", lambda: [tmp_path / "deps" / "key", tmp_path / "cache" / "key"])
    with pytest.raises(AccessError, match=r"no folder .* can be written: .*cache: No space left on device$") as raised:
        deps._fill(deps.pinned(), [])
    assert "with 2 MB free" in (raised.value.hint or "")
    assert [path.name for path in tmp_path.rglob("*key*")] == ["key.lock", "key.lock"]


def test_a_pip_that_leaves_nothing_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fetching, "command", lambda *_: [sys.executable, "-c", "print('Would install')"])
    monkeypatch.setattr(deps, "_private_folders", lambda: [tmp_path / "key"])
    with pytest.raises(AccessError, match=r"ended without an error, but intelhex-.*RECORD cannot be read"):
        deps._fill(deps.pinned(), [])
    assert not (tmp_path / "key").exists()
