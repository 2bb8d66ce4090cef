#!/usr/bin/env bash
# Guess: a local variable that SDCC replaces by its value has no location in DWARF, and a debugger says "optimized out".
# Seen: SDCC 4.2.0 gives it the offset 0 from the frame base. The frame base is the address above the stack pointer at the function's entry, so
#   this is the return address. pyelftools 0.33 is the reader. The .cdb file has an empty list of registers for it.
# Why it matters: a debugger shows an address as the value of `int limit = 1000;`. A value that you set there is used as an
#   address at the return.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages pyelftools==0.33
cat >main.c <<'C'
void use(int a, int b) { (void)a; (void)b; }
int part(int x) {
    int limit = 1000, shown = x + 5;
    use(limit, shown);
    return shown;
}
void main(void) { part(3); }
C
sdcc -mstm8 --debug --out-fmt-elf main.c -o main.elf
expect "frame base at the entry, and the places of limit and shown" "$("$python" - <<'P'
from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.elf.elffile import ELFFile

with open("main.elf", "rb") as file:
    dwarf = ELFFile(file).get_dwarf_info()
    for unit in dwarf.iter_CUs():
        parser = DWARFExprParser(unit.structs)

        def text(expression):
            return "; ".join(f"{part.op_name} {part.args}" for part in parser.parse_expr(expression))

        for die in unit.iter_DIEs():
            held = die.attributes
            name = held["DW_AT_name"].value if "DW_AT_name" in held else b""
            if name == b"part":
                entries = dwarf.location_lists().get_location_list_at_offset(held["DW_AT_frame_base"].value)
                entry = held["DW_AT_low_pc"].value
                print(*(text(one.loc_expr) for one in entries if one.begin_offset == entry))
            if name in (b"limit", b"shown"):
                print(name.decode(), text(held["DW_AT_location"].value))
P
)" "DW_OP_breg8 [1]
limit DW_OP_fbreg [0]
shown DW_OP_reg2 []; DW_OP_piece [1]; DW_OP_reg1 []; DW_OP_piece [1]"
sdcc -mstm8 --debug -c main.c
expect "in the .adb file" "$(grep -o 'part.limit.*\|part.shown.*' main.adb | tr '\n' ' ')" \
    'part$limit$1_0$4({2}SI:S),R,0,0,[] part$shown$1_0$4({2}SI:S),R,0,0,[xl,xh] '
