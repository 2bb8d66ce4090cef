#!/usr/bin/env bash
# Guess: a variable in the ELF of sdcc is an OBJECT symbol in the section that holds its address.
# Seen: with SDCC 4.2.0 for STM8 every symbol has the type FUNC, and its section index is one too low: a symbol of INITIALIZED names
#   DATA, and a symbol of the first section is absolute. GNU nm shows functions and variables alike, as R or A.
# Why it matters: a tool that tells code from data by the symbol's type or section (a size report, a map of RAM) gets all of it wrong.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian binutils=2.40-2 binutils-common=2.40-2 libbinutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2
python_packages pyelftools==0.33
printf 'volatile unsigned char start = 5, zero;\nvoid main(void) { for (;;) zero = start++; }\n' >main.c
sdcc -mstm8 --out-fmt-elf main.c -o main.elf
expect "address in, section by name, type" "$("$python" - <<'P'
from elftools.elf.elffile import ELFFile

with open("main.elf", "rb") as stream:
    elf = ELFFile(stream)
    for name in ("_zero", "_start", "_main"):
        symbol = elf.get_section_by_name(".symtab").get_symbol_by_name(name)[0]
        value, index = symbol["st_value"], symbol["st_shndx"]
        holder = [s.name for s in elf.iter_sections() if s["sh_addr"] and 0 <= value - s["sh_addr"] < s["sh_size"]]
        named = index if isinstance(index, str) else elf.get_section(index).name
        print(name, *holder, named, symbol["st_info"]["type"], end="; ")
P
)" "_zero DATA SHN_ABS STT_FUNC; _start INITIALIZED DATA STT_FUNC; _main CODE INITIALIZER STT_FUNC; "
expect "GNU nm" "$(nm main.elf | awk '$3 ~ /^_(zero|start|main)$/ {printf "%s %s ", $3, $2}')" "_main R _start R _zero A "
