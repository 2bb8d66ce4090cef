"""A loader in the chip's RAM: machine code of our own, and the host's side of it.

loader.s  crc.s   the machine code, for `sdasstm8`
crc_entry.s       an entry of its CRC table; the loader for the UART has it, too
variants.py       how it is assembled, and what lies where in RAM
code.csv          the assembled bytes
host.py           starts it, and gives it blocks
sums.py           asks it for checksums
batches.py        what both use: the two buffers, and the status
records.py        what travels
"""
