"""An STM8 CPU in plain Python: the table of its opcodes, what each one does, and a core that executes them.

    opcodes.py      one row for each opcode: mnemonic, operands, length, cycles, flags
    semantics.py    what each mnemonic does, once, as lines of Python
    generate.py     lines of Python for one instruction, or for a block of them
    core.py         the registers, interrupts, and the loop that runs blocks
    disassemble.py  text from the table
    image.py        a bus that is memory and no registers, for tests and measurements

Source: PM0044, "STM8 CPU programming manual". Not modelled: the three-stage pipeline. Each instruction takes the cycles
that PM0044 lists for it, so fetch stalls (a long instruction across two words of flash, a jump into the middle of a word,
code in RAM) are missing.
"""
