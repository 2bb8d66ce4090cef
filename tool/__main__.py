"""`python tool`: how PlatformIO starts the tool, without installing it."""

from stm8tool.cli import entry

entry()
