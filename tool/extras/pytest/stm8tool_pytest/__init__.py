"""Tests on STM8 boards: fixtures and options for pytest, see docs/farm.md.

* plugin: the options, the fixtures, and the console in the report of a test that failed
* settings: what the options and the ini file say
* board: one board, as a test uses it
* console: the text of the running program
"""

from .board import Board
from .console import Console

__all__ = ["Board", "Console"]
