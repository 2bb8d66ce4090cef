"""`python -m stm8tool`."""

from . import oldest

oldest.check()

from .cli.scripts import stm8tool  # noqa: E402

stm8tool()
