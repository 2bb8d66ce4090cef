#!/usr/bin/env bash
# Guess: the end of `with client.stream("connect") as stream:` ends the driver's side, and what comes after its `yield` runs.
# Seen: jumpstarter 0.9.0 leaves the driver's context open, here for the 3 seconds that the client goes on; it ends when the session ends.
# Why it matters: a driver that frees a serial port or a probe after the `yield` still holds it when the next stream asks for it.
. "$(dirname "$0")/prepare"
python_packages jumpstarter==0.9.0 grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
cat >driver.py <<'P'
from contextlib import asynccontextmanager

from anyio import create_memory_object_stream
from anyio.streams.stapled import StapledObjectStream
from jumpstarter.driver import Driver, exportstream

events = []


class Port(Driver):
    @classmethod
    def client(cls):
        return "driver_client.PortClient"

    @exportstream
    @asynccontextmanager
    async def connect(self):
        events.append("open")
        try:
            yield StapledObjectStream(*create_memory_object_stream(9))  # an echo
        finally:
            events.append("closed")
P
printf 'from jumpstarter.client import DriverClient\n\n\nclass PortClient(DriverClient):\n    pass\n' >driver_client.py
cat >run.py <<'P'
import time

from driver import Port, events
from jumpstarter.common.utils import serve

with serve(Port()) as client:
    with client.stream("connect") as stream:
        stream.send(b"a")
        events.append(stream.receive().decode())
    events.append("left")
    time.sleep(3)
    with client.stream("connect") as stream:
        stream.send(b"b")
        events.append(stream.receive().decode())
    time.sleep(1)
    events.append("end")
print(*events)
P
expect "what happened" "$(PYTHONPATH="$work" "$python" run.py 2>log)" "open a left open b end closed closed"
