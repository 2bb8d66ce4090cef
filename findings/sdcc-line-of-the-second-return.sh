#!/usr/bin/env bash
# Guess: a breakpoint at the line `return v;` stops only if the `return 6;` before it did not run.
# Seen: SDCC 4.2.0 makes no code for `return v;` if v is in the result's register. Its row in the line table has the address of the
#   shared RET. In uCsim, a breakpoint there stops for f(9) also, which returns 6.
# Why it matters: the debugger shows a branch that the program did not take.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages pyelftools==0.33
cat >main.c <<'C'
volatile int w;
int f(int v)
{
    if (v > 6)
        return 6;
    return v;
}
void main(void) { w = f(9); for (;;); }
C
sdcc -mstm8 --debug --out-fmt-elf main.c -o main.elf
sdcc -mstm8 --debug main.c -o main.ihx
row() { "$python" - "$1" <<'P'
import sys
from elftools.elf.elffile import ELFFile

with open("main.elf", "rb") as stream:
    info = ELFFile(stream).get_dwarf_info()
    for unit in info.iter_CUs():
        for entry in info.line_program_for_CU(unit).get_entries():
            if entry.state and not entry.state.end_sequence and entry.state.line == int(sys.argv[1]):
                print(hex(entry.state.address))
P
}
expect "rows of \`return v;\` and of the function's end are equal" "$([ "$(row 6)" = "$(row 7)" ] && echo yes)" yes
printf 'break %s\nrun\ninfo registers\nquit\n' "$(row 6)" | sstm8 -t STM8S208 main.ihx >simulated 2>&1
stopped=$(sed -n 's/^Stop at \(0x[0-9a-f]*\): .*Breakpoint.*/\1/p' simulated)
expect "stopped at that row, with X" "$([ $((stopped)) = $(($(row 6))) ] && echo yes) $(grep -o 'X= *0x[0-9a-f]*' simulated | head -n 1)" "yes X= 0x0006"
