"""The real coordinator, exporter and client of labgrid on this machine, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from boards import PART

LIMIT_S = 300  # much longer than a busy machine needs, so only a hang takes as long
HERE = Path(__file__).parent

ENVIRONMENT = """
imports: [stm8tool_labgrid]
targets:
  main:
    resources:
      RemotePlace: {{name: {place}}}
    drivers:
      Stm8ToolDriver: {{{options}}}
"""


class Done(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


class Server:
    """A program that runs until it is stopped, and says when it is ready."""

    def __init__(self, words: list[str], folder: Path, ready: str, environment: Mapping[str, str]) -> None:
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        guard = threading.Timer(LIMIT_S, self._process.kill)
        guard.start()
        try:
            self.ready = self._line_with(ready)
        except BaseException:
            self.kill()
            raise
        finally:
            guard.cancel()
        self._rest = threading.Thread(target=self._drain)  # or its pipe would be full at some time
        self._rest.start()

    def _line_with(self, text: str) -> str:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"it ended before it was ready:\n{self.output}")

    def _drain(self) -> None:
        assert self._process.stdout
        self._lines.extend(self._process.stdout)

    @property
    def output(self) -> str:
        """All that it has written."""
        return "".join(self._lines)

    @property
    def code(self) -> Optional[int]:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def stop(self) -> int:
        """End it as a service manager does; return its exit code."""
        self._process.terminate()
        return self._ended()

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._ended()

    def _ended(self) -> int:
        code = self._process.wait(LIMIT_S)
        if hasattr(self, "_rest"):
            self._rest.join(LIMIT_S)
        if self._process.stdout:
            self._process.stdout.close()
        return code


class Farm:
    """A coordinator, its exporters, and users at one computer.

    Attributes:
        folder: Where everything lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "coordinator").mkdir()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LG_")},
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PYTHONUNBUFFERED": "1",
            "LG_HOSTNAME": "desk",
            "LG_USERNAME": "ann",
        }
        words = [program("labgrid-coordinator"), "-l", "127.0.0.1:0"]
        self.coordinator = Server(words, folder / "coordinator", "listening on ", self.environment)
        self.address = self.coordinator.ready.split()[-1]
        self.environment["LG_COORDINATOR"] = self.address
        self._exporters: dict[str, Server] = {}

    def export(
        self,
        name: str,
        resources: Mapping[str, Mapping[str, Any]],
        *options: str,
        exporter: Sequence[str] = ("labgrid-exporter",),
        host: str = "127.0.0.1",
    ) -> Server:
        """Start an exporter. JSON is YAML, too.

        Args:
            name: Of the exporter.
            resources: Group -> class -> parameters.
            options: For the exporter.
            exporter: The program, with what stands before it.
            host: The name by which clients reach the machine of the exporter.
        """
        file = self.folder / f"{name}.yaml"
        file.write_text(json.dumps(resources), encoding="utf-8")
        start = [*exporter[:-1], program(exporter[-1]), "-c", self.address, "-n", name, "--hostname", host]
        words = [*start, *options, str(file)]
        self._exporters[name] = server = Server(words, self.folder, "creating poll task", self.environment)
        return server

    def places(self, *names: str, exporter: str, acquire: bool = True) -> None:
        """Add places; each has the resources of the group of its name. One process does it for all.

        With `acquire` the first user holds them from then on: a holder is the text desk/ann, and not a process.
        """
        words = [sys.executable, "-I", str(HERE / "add_places.py"), self.address, exporter, *names]
        self.run([*words, "--acquire"] if acquire else words)

    def write_environment(self, place: str, options: str = "", name: Optional[str] = None) -> Path:
        """Write an environment file; `options` are those of the driver, as YAML has them on one line."""
        file = self.folder / (name or f"env-{place}.yaml")
        file.write_text(ENVIRONMENT.format(place=place, options=options), encoding="utf-8")
        return file

    def run(self, words: list[str], **environment: str) -> Done:
        """Run a program to its end, which must be a good one."""
        done = self.ended(words, **environment)
        assert done.code == 0, done
        return done

    def ended(self, words: list[str], **environment: str) -> Done:
        """Run a program to its end."""
        return ended(words, self.folder, {**self.environment, **environment})

    def client(self, *words: object, user: str = "ann") -> Done:
        """Run labgrid-client as one of the users."""
        return self.ended([program("labgrid-client"), *map(str, words)], LG_USERNAME=user)

    def close(self) -> None:
        """End everything."""
        for server in (*self._exporters.values(), self.coordinator):
            if server.code is None:
                server.stop()


def ended(words: list[str], folder: Path, environment: Mapping[str, str]) -> Done:
    """Run a program in a folder to its end."""
    done = subprocess.run(
        words,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def program(name: str) -> str:
    """Return the path of a program of this interpreter's environment."""
    return str(Path(sys.executable).with_name(name))


def simulated(chip: Path) -> dict[str, dict[str, Any]]:
    """Return a group of an exporter with the probe of a simulated board."""
    return {"NetworkStm8Probe": {"address": f"sim:{chip}", "part": PART}}
