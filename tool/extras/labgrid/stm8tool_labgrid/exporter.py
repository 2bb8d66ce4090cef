"""labgrid's exporter, which also offers `Stm8Probe`: ST-LINKs that labgrid's own list of ids lacks.

An exporter's file cannot import classes. So this program adds one to the table of the exporter, and starts it.
"""

from __future__ import annotations

from typing import Any

import attr
from labgrid.remote import exporter

from .resources import NetworkStm8Probe, Stm8Probe


@attr.s(eq=False)
class Stm8ProbeExport(exporter.ResourceExport):
    """An ST-LINK that udev finds on the exporter's machine."""

    def __attrs_post_init__(self) -> None:
        """Look for it; clients get a NetworkStm8Probe."""
        super().__attrs_post_init__()
        self.data["cls"] = NetworkStm8Probe.__name__
        make: Any = Stm8Probe  # its first two arguments come from labgrid, which has no types
        self.local = make(target=None, name=None, **self.local_params)

    def _get_params(self) -> dict[str, Any]:
        local = self.local
        ids = {"vendor_id": local.vendor_id, "model_id": local.model_id}
        where = {"host": self.host, "path": local.path, "busnum": local.busnum, "devnum": local.devnum}
        return {**where, **ids, "part": local.part}


def main() -> None:
    """Run the exporter; the arguments are those of labgrid-exporter."""
    exporter.exports[Stm8Probe.__name__] = Stm8ProbeExport
    exporter.main()


if __name__ == "__main__":
    main()
