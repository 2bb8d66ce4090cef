#!/usr/bin/env bash
# Guess: .debug_frame gives the place of the return address at each instruction. At the last one, RET, it is right above the stack pointer.
# Seen: for `float one(float)` SDCC 4.2.0 says at RET that the frame is at SP - 2. It is at SP + 2, as at the entry: the argument is
#   counted as removed, while the caller removes nothing before the return. `int two(int)` is right.
# Why it matters: a debugger that steps out of such a function, or stops at its last line, shows a wrong caller.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages pyelftools==0.33
cat >main.c <<'C'
volatile float v;
volatile int w;
float one(float a) { return a + v; }
int two(int a) { int t = w; return a + t + w; }
void main(void) { for (;;) { v = one(v); w = two(w); } }
C
sdcc -mstm8 --debug --out-fmt-elf main.c -o main.elf
expect "opcode, frame at the entry and at the end" "$("$python" - <<'P'
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

with open("main.elf", "rb") as stream:
    elf = ELFFile(stream)
    address = {symbol.name: symbol["st_value"] for symbol in elf.get_section_by_name(".symtab").iter_symbols()}
    for name in ("_one", "_two"):
        for entry in elf.get_dwarf_info().CFI_entries():
            if isinstance(entry, FDE) and entry["initial_location"] == address[name]:
                rows = entry.get_decoded().table
                last = entry["initial_location"] + entry["address_range"] - 1
                for part in elf.iter_segments():
                    if 0 <= last - part["p_vaddr"] < part["p_filesz"]:
                        opcode = part.data()[last - part["p_vaddr"]]
                signed = [row["cfa"].offset - (row["cfa"].offset >> 31 << 32) for row in (rows[0], rows[-1])]
                print(f"{name} {opcode:02x} SP{signed[0]:+} SP{signed[1]:+}", end="; ")
P
)" "_one 81 SP+2 SP-2; _two 81 SP+2 SP+2; "
