"""Run many random uploads against simulated boards, and print how they end.

    python3 tests/random_runs.py images     random images on random chips, with the loader and without
    python3 tests/random_runs.py faults     random images on benches that break at random, with the loader

Each run has a seed. `--count` says how many seeds there are, `--first` with which one it begins. With `--log FILE`
each result goes to the file, and a later run with the same file leaves out what it has. A seed that ends wrong is
printed with its reason, and the exit code is 1. Run it with the Python of the checkout's environment.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Optional

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tool")]

from session import random_benches  # noqa: E402
from stm8tool.errors import ToolError  # noqa: E402

KINDS: dict[str, Callable[[int], str]] = {
    "images": random_benches.upload_that_must_work,
    "faults": lambda seed: random_benches.upload_that_may_fail(seed, loader=True),
}
_EVERY_S = 30.0  # between two lines of progress


def main(words: Optional[list[str]] = None) -> int:
    """Run the seeds; return 1 if one of them ended wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args(words)
    logging.disable(logging.WARNING)
    results = _known(options.log, options.kind)
    began = said = time.monotonic()
    for seed in range(options.first, options.first + options.count):
        if seed in results:
            continue
        results[seed] = _run(KINDS[options.kind], seed)
        if options.log:
            with options.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"kind": options.kind, "seed": seed, "result": results[seed]}) + "\n")
        if results[seed].startswith("wrong"):
            print(f"seed {seed}: {results[seed]}", flush=True)
        if time.monotonic() - said > _EVERY_S:
            said = time.monotonic()
            print(f"{len(results)} seeds after {said - began:.0f} s", flush=True)
    wanted = [results[seed] for seed in range(options.first, options.first + options.count)]
    counts = Counter(result.partition(":")[0] for result in wanted)
    print(f"{options.kind}: {len(wanted)} seeds")
    for result, count in counts.most_common():
        print(f"{count:6} {result}")
    return int(counts["wrong"] > 0)


def _run(job: Callable[[int], str], seed: int) -> str:
    """Return how a seed ended; a wrong end is a result, too, so that the others have their turn."""
    try:
        return job(seed)
    except (AssertionError, ToolError) as exc:
        return f"wrong: {type(exc).__name__} {exc}"


def _known(log: Optional[Path], kind: str) -> dict[int, str]:
    """Return the results that an earlier run has left in its log."""
    if log is None or not log.is_file():
        return {}
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {row["seed"]: row["result"] for row in rows if row["kind"] == kind}


if __name__ == "__main__":
    sys.exit(main())
