"""Sixteen boards of one coordinator, and four clients that load them at once, at random."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from boards import board, held, loop
from farm import HERE, LIMIT_S, Farm, simulated

PLACES = [f"board{number:02}" for number in range(16)]
CLIENTS = 4


def test_sixteen_boards_and_four_clients_mix_up_none_and_lose_none(tmp_path: Path) -> None:
    farm = Farm(tmp_path)
    try:
        chips = {place: board(tmp_path / f"{place}.chip") for place in PLACES}
        farm.export("lab", {place: simulated(chip) for place, chip in chips.items()})
        farm.places(*PLACES, exporter="lab", acquire=False)
        clients = [
            subprocess.Popen(
                [sys.executable, str(HERE / "sixteen_client.py"), str(seed), str(tmp_path), *PLACES],
                cwd=tmp_path,
                env={**farm.environment, "LG_USERNAME": f"user{seed}"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
            )
            for seed in range(CLIENTS)
        ]
        for client in clients:
            output, _ = client.communicate(timeout=LIMIT_S)
            assert client.returncode == 0, output
            assert output.splitlines()[-1].endswith(", left 0"), output
    finally:
        farm.close()
    for index, (place, chip) in enumerate(chips.items()):
        loaded = [int(line) for line in (tmp_path / f"{place}.log").read_text(encoding="ascii").splitlines()]
        assert sorted(loaded) == [1000 * seed + index for seed in range(CLIENTS)]
        wanted = loop(loaded[-1])
        assert held(chip, len(wanted)) == wanted
