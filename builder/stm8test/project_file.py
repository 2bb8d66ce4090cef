"""The file of a project through which PlatformIO finds this platform's runner: no platform can bring one of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

NAME = "test_custom_runner.py"
CONTENT = '''"""`pio run -t test-runner` wrote this. `pio test` loads it; the runner itself comes with the platform."""

from platformio.platform.factory import PlatformFactory


def CustomTestRunner(suite, *more):  # noqa: N802 -- PlatformIO looks for this name
    return PlatformFactory.from_env(suite.env_name, autoinstall=True).test_runner(suite, *more)
'''


def write(folder: Path, framework: str) -> Optional[str]:
    """Write the file, if it is not there; return why that is not done, or None.

    Args:
        folder: The folder of the project's tests.
        framework: `test_framework`, or an empty text.
    """
    if framework != "custom":
        return (
            "this environment of platformio.ini has no test_framework = custom\n"
            "hint: add that line; without it PlatformIO fetches another framework and does not look for the runner"
        )
    path = folder / NAME
    if path.exists():
        if path.read_text(encoding="utf-8", errors="replace") == CONTENT:
            return None
        return f"{path} is another runner, and stays\nhint: remove it, then repeat: pio run -t test-runner"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(CONTENT, encoding="utf-8")
    return None
