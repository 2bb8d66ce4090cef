#!/usr/bin/env bash
# Guess: SDCC for STM8 is big-endian, so a bit-field of 12 bits is stored with its high byte first, as an unsigned is.
# Seen: SDCC 4.2.0 stores the low byte of the field first. The ELF file is big-endian and says bit size 12 and bit offset 4 in two
#   bytes. DWARF counts that offset from the high bit, so a debugger reads 0x3D1 for 0x123.
# Why it matters: a protocol word laid over a struct has other bytes than expected, and a debugger shows wrong ADC values.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages pyelftools==0.33
cat >main.c <<'C'
const unsigned word = 0x1234;
const struct { unsigned a : 12; unsigned b : 4; } s = {0x123, 0xd};
void main(void) { for (;;); }
C
sdcc -mstm8 --debug --out-fmt-elf main.c -o main.elf
expect "order in the file; bytes of 0x1234; bytes of {0x123, 0xd}; size, bit size and bit offset of a; the value by DWARF" "$("$python" - <<'P'
from elftools.elf.elffile import ELFFile

with open("main.elf", "rb") as stream:
    elf = ELFFile(stream)
    address = {symbol.name: symbol["st_value"] for symbol in elf.get_section_by_name(".symtab").iter_symbols()}

    def two_bytes(name):
        for part in elf.iter_segments():
            offset = address[name] - part["p_vaddr"]
            if 0 <= offset < part["p_filesz"]:
                return part.data()[offset : offset + 2]

    for unit in elf.get_dwarf_info().iter_CUs():
        for entry in unit.iter_DIEs():
            if entry.tag == "DW_TAG_member" and entry.attributes["DW_AT_name"].value == b"a":
                size, bits, offset = (entry.attributes[f"DW_AT_{key}"].value for key in ("byte_size", "bit_size", "bit_offset"))
    order = "little" if elf.little_endian else "big"
    value = int.from_bytes(two_bytes("_s"), order) >> 8 * size - offset - bits & (1 << bits) - 1
    print(order, two_bytes("_word").hex(), two_bytes("_s").hex(), size, bits, offset, hex(value))
P
)" "big 1234 23d1 2 12 4 0x3d1"
