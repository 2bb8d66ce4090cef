"""In the guest: start a GDB server, talk to it as GDB does, and print what it answered, as JSON.

    debug_session.py PORT SERVER-COMMAND…

The same packets go to OpenOCD and to the flasher's server. Nothing of the flasher is imported here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rsp_client import RspClient

TRIES = 300
STEPS = 20


def connected(port: int) -> RspClient:
    """Connect as soon as the server listens."""
    for _ in range(TRIES):
        try:
            return RspClient(port)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise SystemExit("the server does not listen")


def session(client: RspClient) -> dict[str, Any]:
    """Ask everything that the two servers must agree on; `seconds` is how long one step takes."""
    client.ask("qSupported:swbreak-")
    client.monitor("reset halt")
    seen: dict[str, Any] = {"reset": client.ask("g"), "why": client.ask("?")}
    seen["description"] = "architecture>stm8<" in client.ask("qXfer:features:read:target.xml:0,fff")
    seen["flash"] = client.ask("m8000,100")
    seen["options"] = client.ask("m4800,b")
    seen["written"] = [client.ask("M40,4:01020304"), client.ask("m40,4"), client.ask("P2=1234"), client.ask("p2")]
    steps = []
    for _ in range(6):
        steps.append((client.ask("s"), client.ask("g")))
    seen["steps"] = steps
    seen["breakpoint"] = [client.ask("Z1,8090,1"), client.ask("c")[:3], client.ask("g"), client.ask("z1,8090,1")]
    seen["watchpoint"] = [client.ask("Z2,10,1"), client.ask("c")[:3], client.ask("g"), client.ask("z2,10,1")]
    seen["third"] = [client.ask(f"Z1,{address:x},1")[:1] for address in (0x8080, 0x8082, 0x8086)]
    for address in (0x8080, 0x8082):
        client.ask(f"z1,{address:x},1")
    client.send("c")
    seen["interrupted"] = client.interrupt()
    began = time.perf_counter()
    for _ in range(STEPS):
        client.ask("s")
        client.ask("g")
    seconds = (time.perf_counter() - began) / STEPS
    seen["detached"] = client.ask("D")
    return {**seen, "seconds": seconds}


def main() -> None:
    """Start the server, print the answers, end the server."""
    port, *command = sys.argv[1:]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stderr) as server:
        try:
            with connected(int(port)) as client:
                print(json.dumps(session(client)))
        finally:
            server.terminate()


main()
