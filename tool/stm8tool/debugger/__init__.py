"""Debug the program of a chip: halt, step, breakpoints, registers and memory; and the GDB server on top of it."""
