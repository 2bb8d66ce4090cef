#!/usr/bin/env bash
# Guess: `with OpendalAdapter(...) as handle: raise ValueError` is a ValueError outside, as with every context manager that does not handle it.
# Seen: jumpstarter 0.9.0 gives an ExceptionGroup with the ValueError in it, so `except ValueError` does not catch it. The same goes for
#   a DriverError of the flash that the handle is for.
# Why it matters: code that catches the driver's error to say "the chip is locked" prints a traceback. `except*` catches it.
. "$(dirname "$0")/prepare"
python_packages jumpstarter==0.9.0 jumpstarter-driver-opendal==0.9.0 grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
cat >driver.py <<'P'
from jumpstarter.driver import Driver, export


class Flasher(Driver):
    @classmethod
    def client(cls):
        return "driver_client.FlasherClient"

    @export
    async def flash(self, source):
        async with self.resource(source) as stream:
            async for chunk in stream:
                pass
        raise RuntimeError("the chip is locked")
P
printf 'from jumpstarter.client import DriverClient\n\n\nclass FlasherClient(DriverClient):\n    pass\n' >driver_client.py
cat >run.py <<'P'
import os

import opendal
from driver import Flasher
from jumpstarter.common.utils import serve
from jumpstarter_driver_opendal.client import OpendalAdapter

open("image.bin", "wb").write(b"1" * 100)
seen = []
with serve(Flasher()) as client:
    for own in (True, False):
        try:
            with OpendalAdapter(client=client, operator=opendal.Operator("fs", root=os.getcwd()), path="image.bin") as handle:
                if own:
                    raise ValueError("mine")
                client.call("flash", handle)
        except BaseException as error:
            seen.append(type(error).__name__ + " of " + " ".join(type(inner).__name__ for inner in getattr(error, "exceptions", ())))
open("seen", "w").write("; ".join(seen))
P
PYTHONPATH="$work" "$python" run.py >log 2>&1
expect "a ValueError, and an error of the driver" "$(cat seen)" "ExceptionGroup of ValueError; ExceptionGroup of DriverError"
