"""The data for debuggers in SDCC's ELF (DWARF 2): variables, types, lines."""
