"""`python -m stm8tool`."""

from .scripts import stm8tool

stm8tool()
