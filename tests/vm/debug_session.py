"""In the guest: start a GDB server, talk to it as GDB does, and print what it answered, as JSON.

    debug_session.py compare|steps PORT SERVER-COMMAND…

The same packets go to OpenOCD and to the flasher's server. Nothing of the flasher is imported here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rsp_client import RspClient

STEPS = 20
MARK = 0x03A5  # a read of this byte begins and ends what the host measures
_REPLY = 3  # characters of a stop reply that say which signal stopped the CPU


@contextmanager
def connected(port: str, command: list[str]) -> Iterator[RspClient]:
    """Start the server, and connect as soon as it says that it listens."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        said: list[str] = []
        try:
            while not (said and "istening on" in said[-1] and port in said[-1]):
                said.append(server.stdout.readline())
                if not said[-1]:
                    raise SystemExit(f"the server has ended: {''.join(said)}")
            reader = threading.Thread(target=said.extend, args=(server.stdout,))  # or the server waits for one
            reader.start()
            try:
                with RspClient(int(port)) as client:
                    client.ask("qSupported:swbreak-")
                    yield client
            finally:
                server.terminate()
                reader.join()
        finally:
            server.terminate()


def compare(client: RspClient) -> dict[str, Any]:
    """Ask everything that the two servers must agree on; `seconds` is how long one step takes."""
    client.monitor("reset halt")
    seen: dict[str, Any] = {"reset": client.ask("g"), "why": client.ask("?")[:_REPLY]}
    seen["description"] = "architecture>stm8<" in client.ask("qXfer:features:read:target.xml:0,fff")
    seen["flash"] = client.ask("m8000,100")
    seen["options"] = client.ask("m4800,b")
    seen["written"] = [client.ask("M40,4:01020304"), client.ask("m40,4"), client.ask("P2=1234"), client.ask("p2")]
    client.ask("M10,1:00")  # the program has counted there
    seen["steps"] = [(client.ask("s")[:_REPLY], client.ask("g")) for _ in range(8)]
    seen["ram"] = client.ask("m10,11")
    seen["breakpoint"] = [client.ask("Z1,8090,1"), *_stop(client), client.ask("z1,8090,1")]
    seen["watchpoint"] = [client.ask("Z2,10,1"), *_stop(client), client.ask("z2,10,1")]
    seen["third"] = [client.ask(f"Z1,{address:x},1")[:1] for address in (0x8080, 0x8082, 0x8086)]
    seen["two"] = _stop(client)
    for address in (0x8080, 0x8082):
        client.ask(f"z1,{address:x},1")
    client.send("c")
    seen["interrupted"] = client.interrupt()[:_REPLY]
    began = time.perf_counter()
    steps(client)
    seconds = (time.perf_counter() - began) / STEPS
    seen["detached"] = client.ask("D")
    return {**seen, "seconds": seconds}


def _stop(client: RspClient) -> list[str]:
    """Let the program run until it stops; return why, and the registers."""
    return [client.ask("c")[:_REPLY], client.ask("g")]


def steps(client: RspClient) -> dict[str, Any]:
    """Step between two marks. The time between the first two is that of a mark."""
    client.ask(f"m{MARK:x},1")
    client.ask(f"m{MARK:x},1")
    for _ in range(STEPS):
        client.ask("s")
        client.ask("g")
    client.ask(f"m{MARK:x},1")
    return {}


def main() -> None:
    """Start the server, print the answers, end the server."""
    what, port, *command = sys.argv[1:]
    with connected(port, command) as client:
        if what == "compare":
            seen = compare(client)
        else:
            client.monitor("reset halt")
            seen = steps(client)
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
