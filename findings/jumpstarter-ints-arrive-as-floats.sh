#!/usr/bin/env bash
# Guess: an int that a client passes to an exported method of a jumpstarter driver, with the annotation `int`, arrives as an int.
# Seen: jumpstarter 0.9.0 sends every number as a double, and the driver and the client get floats. `range(n)` fails,
#   and 2**53 + 1 becomes 2**53.
# Why it matters: an address, a length or a page number is the first argument of a programmer's driver. `int(n)` on both sides mends it.
. "$(dirname "$0")/prepare"
python_packages jumpstarter==0.9.0 grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
cat >driver.py <<'P'
from jumpstarter.driver import Driver, export


class Pages(Driver):
    @classmethod
    def client(cls):
        return "driver_client.PagesClient"

    @export
    def kind(self, n: int) -> str:
        return type(n).__name__

    @export
    def same(self, n: int) -> int:
        return int(n)

    @export
    def pages(self, n: int) -> list:
        return list(range(n))
P
printf 'from jumpstarter.client import DriverClient\n\n\nclass PagesClient(DriverClient):\n    pass\n' >driver_client.py
cat >run.py <<'P'
from driver import Pages
from jumpstarter.client.core import DriverError
from jumpstarter.common.utils import serve

with serve(Pages()) as client:
    seen = [client.call("kind", 3), repr(client.call("same", 3)), int(client.call("same", 2**53 + 1)) - 2**53]
    try:
        client.call("pages", 3)
    except DriverError as error:
        seen.append("'float' object cannot be interpreted as an integer" in str(error))
print(*seen)
P
expect "type at the driver, 3 at the client, 2**53 + 1 above 2**53, range refused" "$(PYTHONPATH="$work" "$python" run.py 2>log)" "float 3.0 0 True"
