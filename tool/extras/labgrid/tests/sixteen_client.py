"""A client of many boards: SEED FOLDER PLACE… It loads every place once, in an order of its own.

A place that another client has is tried again later. Each load has a number of its own. While the client holds the
place, it writes the number into FOLDER/PLACE.log. So the last line of that file is the program that the board holds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from collections import deque
from pathlib import Path

from labgrid import Target
from labgrid.remote.client import Error, start_session
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages
from labgrid.resource.remote import RemotePlace, RemotePlaceManager

from boards import loop, save
from stm8tool_labgrid import Stm8ToolDriver

MOST = 100_000  # tries, for a farm that never gives a place


def load(place: str, number: int, folder: Path) -> None:
    """Load a program with this number, and compare it with the chip."""
    image = save(folder / f"{place}-{number}.hex", loop(number))
    with Target(place) as target:
        RemotePlace(target, name=place)
        driver = Stm8ToolDriver(target, name=None)
        target.activate(driver)
        driver.load(str(image))
        assert driver.verify(str(image)) == len(loop(number))
        with (folder / f"{place}.log").open("a", encoding="ascii") as log:
            log.write(f"{number}\n")


def main() -> None:
    seed, folder, places = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    extra = {"args": argparse.Namespace(allow_unmatched=False)}
    asyncio.set_event_loop(asyncio.new_event_loop())  # it must be the current one: grpc takes that
    session = start_session(os.environ["LG_COORDINATOR"], extra=extra)
    manager = RemotePlaceManager.get()
    manager.session, manager.loop, manager.env = session, session.loop, None
    waiting = deque(random.Random(seed).sample(places, len(places)))
    refused = 0
    for _ in range(MOST):
        if not waiting:
            break
        place = waiting.popleft()
        try:
            session.loop.run_until_complete(session._acquire_place(place))
        except Error:
            refused += 1
            waiting.append(place)
            continue
        load(place, 1000 * seed + places.index(place), folder)
        session.loop.run_until_complete(session.stub.ReleasePlace(messages.ReleasePlaceRequest(placename=place)))
        session.loop.run_until_complete(session.sync_with_coordinator())
    session.loop.run_until_complete(session.stop())
    session.loop.run_until_complete(session.close())
    print(f"refused {refused}, left {len(waiting)}")


if __name__ == "__main__":
    main()
