"""How long a test waits for another program: much longer than a busy machine needs, so only a hang takes as long."""

from __future__ import annotations

import subprocess
from typing import Optional

LIMIT_S = 900


def ended(process: subprocess.Popen[str], answer: Optional[str] = None) -> tuple[str, str]:
    """Wait for the end of a process; return its stdout and its stderr. A process that hangs is killed."""
    try:
        out, err = process.communicate(answer, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return out or "", err or ""
