"""STM8 boards in a labgrid farm. `imports: [stm8tool_labgrid]` in an environment file registers these classes.

    resources    the probe of a board, as labgrid knows it
    driver       Stm8ToolDriver: load, reset, console and the other jobs of stm8tool
    address      from a resource to the text by which stm8tool finds the probe
    swim_text    text out of the program and into it, with labgrid's time limits
    claim        one process at a time uses a probe
    problem      errors that labgrid-client prints in one line
    exporter     labgrid's exporter, with our resource

The page docs/farm.md of the platform goes from nothing to a green test.
"""

from .driver import Stm8ToolDriver
from .problem import Stm8ToolError
from .resources import NetworkStm8Probe, Stm8Probe

__all__ = ["NetworkStm8Probe", "Stm8Probe", "Stm8ToolDriver", "Stm8ToolError"]
