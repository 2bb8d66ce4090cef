"""`python tool/stm8flash.py`: stm8flash's command line, without installing it."""

from stm8tool import oldest

oldest.check()

from stm8tool.cli.scripts import stm8flash_compat  # noqa: E402

stm8flash_compat()
