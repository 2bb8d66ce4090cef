"""`python -m stm8tool`."""

from .cli import entry

entry()
