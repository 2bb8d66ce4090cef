"""`python tool/stm8flash.py`: stm8flash's command line, without installing it."""

from stm8tool.scripts import stm8flash_compat

stm8flash_compat()
