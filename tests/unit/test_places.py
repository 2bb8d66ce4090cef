"""The home directory and the cache, with every kind of variable that a user may have."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Optional

import pytest

from stm8tool.support import places

posix = pytest.mark.skipif(sys.platform == "win32", reason="a path of Windows is absolute in another way")


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A Linux user without variables, and without an entry in the user table."""

    def unknown(_: int) -> None:
        raise KeyError("uid not found")

    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE", "HOMEDRIVE", "HOMEPATH"):
        monkeypatch.delenv(name, raising=False)
    if sys.platform != "win32":
        import pwd

        monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(sys, "platform", "linux")
    return monkeypatch


@posix
@pytest.mark.parametrize("system", ["linux", "darwin", "freebsd14"])
def test_a_user_without_any_has_none(user: pytest.MonkeyPatch, system: str) -> None:
    user.setattr(sys, "platform", system)
    assert (places.home(), places.user_cache()) == (None, None)


@posix
@pytest.mark.parametrize(
    ("home", "expected"), [("/home/me", "/home/me"), ("/", "/"), ("", None), ("me", None), ("~", None), ("./me", None)]
)
def test_a_home_that_is_no_absolute_path_is_none(user: pytest.MonkeyPatch, home: str, expected: Optional[str]) -> None:
    user.setenv("HOME", home)
    assert places.home() == (Path(expected) if expected else None)


@posix
def test_an_empty_home_is_that_of_the_user_table(user: pytest.MonkeyPatch) -> None:
    import pwd
    from types import SimpleNamespace

    user.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_dir="/home/table"))
    user.setenv("HOME", "")
    assert places.home() == Path("/home/table")
    assert places.user_cache() == Path("/home/table/.cache")


@posix
@pytest.mark.parametrize(
    ("variable", "expected"),
    [("/cache", "/cache"), ("cache", "/home/me/.cache"), ("", "/home/me/.cache"), ("~/c", "/home/me/.cache")],
)
def test_a_relative_cache_is_ignored_as_its_specification_has_it(
    user: pytest.MonkeyPatch, variable: str, expected: str
) -> None:
    user.setenv("HOME", "/home/me")
    user.setenv("XDG_CACHE_HOME", variable)
    assert places.user_cache() == Path(expected)


@posix
def test_macos_has_a_cache_of_its_own(user: pytest.MonkeyPatch) -> None:
    user.setattr(sys, "platform", "darwin")
    user.setenv("HOME", "/Users/me")
    user.setenv("XDG_CACHE_HOME", "/cache")
    assert places.user_cache() == Path("/Users/me/Library/Caches")


def test_windows_has_a_variable_a_profile_or_nothing(user: pytest.MonkeyPatch, tmp_path: Path) -> None:
    user.setattr(sys, "platform", "win32")
    profile, local = tmp_path / "me", tmp_path / "local"
    for name in ("USERPROFILE", "HOME"):  # the second is what os.path looks at where this runs on another system
        user.setenv(name, str(profile))
    assert places.user_cache() == profile / "AppData" / "Local"
    user.setenv("LOCALAPPDATA", "local")
    assert places.user_cache() == profile / "AppData" / "Local"
    user.setenv("LOCALAPPDATA", str(local))
    assert places.user_cache() == local
    user.delenv("LOCALAPPDATA")
    for name in ("USERPROFILE", "HOME"):
        user.delenv(name)
    assert (places.home(), places.user_cache()) == (None, None)
