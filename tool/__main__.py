"""`python tool`: how PlatformIO starts the tool, without installing it."""

from stm8tool.scripts import stm8tool

stm8tool()
