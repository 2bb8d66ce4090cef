"""Add places to a coordinator: ADDRESS EXPORTER PLACE… [--acquire]. Each place gets the exporter's group of its name.

labgrid-client does the same with `create`, `add-match` and `acquire`, in three processes for each place.
"""

from __future__ import annotations

import asyncio
import sys

from labgrid.remote.client import start_session
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages


async def add(session: object, exporter: str, names: list[str], acquire: bool) -> None:
    stub = session.stub  # type: ignore[attr-defined]
    for name in names:
        await stub.AddPlace(messages.AddPlaceRequest(name=name))
        await stub.AddPlaceMatch(messages.AddPlaceMatchRequest(placename=name, pattern=f"{exporter}/{name}/*"))
        if acquire:
            await stub.AcquirePlace(messages.AcquirePlaceRequest(placename=name))


def main() -> None:
    address, exporter, *names = [word for word in sys.argv[1:] if word != "--acquire"]
    asyncio.set_event_loop(asyncio.new_event_loop())  # it must be the current one: grpc takes that
    session = start_session(address)
    session.loop.run_until_complete(add(session, exporter, names, "--acquire" in sys.argv))
    session.loop.run_until_complete(session.stop())
    session.loop.run_until_complete(session.close())


if __name__ == "__main__":
    main()
