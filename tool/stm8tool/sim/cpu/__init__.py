"""An STM8 CPU in plain Python: the table of its opcodes, the lines of Python for each, and a core that executes them.

    opcodes.py      one row for each opcode: mnemonic, operands, length, cycles, flags
    semantics.py    the lines of Python for each mnemonic
    writer.py       addressing modes: how operands are read and written
    generate.py     the lines of one instruction
    functions.py    a function for one opcode, or for a block of instructions
    core.py         the registers, interrupts, and the loop that runs blocks

Source: PM0044, "STM8 CPU programming manual". The pipeline is not modelled. Each instruction takes the cycles that
PM0044 lists for it. So fetch stalls are missing. These come from a long instruction across two words of flash, a jump
into the middle of a word, and code in RAM.
"""
