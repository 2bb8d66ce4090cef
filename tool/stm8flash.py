"""`python tool/stm8flash.py`: stm8flash's command line, without installing it."""

from stm8tool.compat import entry

entry()
