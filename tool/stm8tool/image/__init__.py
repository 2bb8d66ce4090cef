"""What is written to a chip or read from it: bytes at addresses, loaded from files, edited, saved to files.

segments       bytes at addresses
outside        what to say of data that no memory has a place for
loading        a file of any format to segments; the format is found by content
saving         segments to a file; its suffix names the format
intel_hex  s_record  elf      one format each
lines          of the two that are text
edits          --fill and --patch
serial_number  --serial-number, and the file that counts
"""

from .content import Image
from .loading import load
from .saving import HEX_SUFFIXES, RAW_SUFFIXES, S_RECORD_SUFFIXES, check_output, save
from .segments import Segment

__all__ = ["HEX_SUFFIXES", "RAW_SUFFIXES", "S_RECORD_SUFFIXES", "Image", "Segment", "check_output", "load", "save"]
