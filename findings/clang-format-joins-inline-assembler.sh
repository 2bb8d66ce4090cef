#!/usr/bin/env bash
# Guess: clang-format leaves the lines between SDCC's `__asm` and `__endasm` as they are; it knows `__asm` blocks of other compilers.
# Seen: clang-format 23.1.3 joins them into one line: its exit code is 0, and SDCC's assembler refuses the line. A comment after a semicolon loses the semicolon's meaning.
# Why it matters: a formatter in an editor or a hook breaks each delay loop. `// clang-format off` around the block keeps it.
. "$(dirname "$0")/prepare"
sdcc_4_2
python_packages clang-format==23.1.3
cat >main.c <<'C'
volatile unsigned char four;
void main(void) {
  __asm
    ld a, #0x20
    nop
    ld _four, a
  __endasm;
}
C
compiles() { if sdcc -mstm8 -c "$1" >log 2>&1; then echo yes; else echo no; fi; }
venv/bin/clang-format main.c >formatted.c
expect "lines of assembler before, after" "$(sed -n '/__asm/,/__endasm/p' main.c | wc -l) $(sed -n '/__asm/,/__endasm/p' formatted.c | sed '/__endasm/q' | wc -l)" "5 1"
expect "compiles before, after" "$(compiles main.c) $(compiles formatted.c)" "yes no"
sed 's|__asm$|// clang-format off\n  __asm|; s|__endasm;|__endasm;\n  // clang-format on|' main.c >kept.c
venv/bin/clang-format kept.c >formatted.c
expect "compiles with clang-format off" "$(compiles formatted.c)" "yes"
