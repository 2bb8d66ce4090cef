"""`python tool`: how PlatformIO starts the tool, without installing it."""

from stm8tool import oldest

oldest.check()

from stm8tool.cli.scripts import stm8tool  # noqa: E402

stm8tool()
