#!/usr/bin/env bash
# Guess: labgrid's step log (`labgrid-client -vv`, `pytest --lg-log`, StepLogger) has each step, whatever the consoles do.
# Seen: labgrid 26.0.1: as soon as one console has given a line, and another one was only written to, every step is missing. Each step
#   gives two UserWarnings "unhandled exception during event notification" instead, with a KeyError behind them, until the console gives a line.
# Why it matters: two boards, one of them quiet, is an ordinary test: the log of a failed run then lacks the steps that failed.
. "$(dirname "$0")/prepare"
python_packages labgrid==26.0.1 grpcio==1.85.3 grpcio-reflection==1.85.1 protobuf==7.36.2
cat >steps.py <<'P'
import logging
import warnings

import attr
from labgrid import Target
from labgrid.driver import Driver
from labgrid.driver.consoleexpectmixin import ConsoleExpectMixin
from labgrid.factory import target_factory
from labgrid.logging import StepLogger
from labgrid.protocol import ConsoleProtocol
from labgrid.step import step


@target_factory.reg_driver
@attr.s(eq=False)
class Board(ConsoleExpectMixin, Driver, ConsoleProtocol):
    txdelay = attr.ib(default=0.0)

    def _read(self, size=1, timeout=0.0, max_size=None):
        return b"ready\r\n"

    def _write(self, data):
        return len(data)


@step(args=["page"])
def flash(page):
    return page


class Count(logging.Handler):
    def emit(self, record):
        counted.append(record)


counted = []
logging.getLogger("StepLogger").setLevel(logging.INFO)
logging.getLogger("StepLogger").addHandler(Count())
StepLogger.start()
target = Target("main")
talker, quiet = Board(target, "talker"), Board(target, "quiet")
target.activate(talker)
target.activate(quiet)


def run():
    counted.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        flash(1)
        flash(2)
    return f"{len(counted)} lines, {len(caught)} warnings"


talker.read(7)
print(run())
quiet.write(b"?")
print(run())
quiet.read(7)
print(run())
P
expect "two steps: one console read, another one written to, and read" "$("$python" steps.py | tr '\n' ';')" \
    "4 lines, 0 warnings;0 lines, 4 warnings;4 lines, 0 warnings;"
