"""Images: bytes at addresses that are written to a chip or read from it, loaded from files, edited, saved to files.

* segments: bytes at addresses
* outside: the error for data outside the memories
* loading: a file of any format to segments; the content tells the format
* saving: segments to a file; the suffix names the format
* intel_hex, s_record, elf: one format each
* lines: the lines of the two formats that are text
* edits: --fill and --patch
* serial_number: --serial-number, and the file with the next number
"""

from .content import Image, require_image
from .loading import load
from .saving import HEX_SUFFIXES, RAW_SUFFIXES, S_RECORD_SUFFIXES, check_output, save
from .segments import Segment

__all__ = [
    "HEX_SUFFIXES",
    "RAW_SUFFIXES",
    "S_RECORD_SUFFIXES",
    "Image",
    "Segment",
    "check_output",
    "load",
    "require_image",
    "save",
]
