#!/usr/bin/env bash
# Guess: SDCC fills the vectors without a handler with a stop, a reset or a return from interrupt. The table has all 32.
# Seen: SDCC 4.2.0 for STM8: an unused vector jumps to address 0, the first byte of RAM. The table ends after the highest vector in
#   use, and code follows it at once. With handlers 3 and 5 it has 8 entries, and the jump to main is at the place of vector 6.
# Why it matters: an interrupt that was enabled by mistake executes variables or half an instruction. Nothing shows which one it was.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
volatile unsigned char n;
void three(void) __interrupt(3) { n++; }
void five(void) __interrupt(5) { n++; }
void main(void) { for (;;); }
C
sdcc -mstm8 main.c -o program.ihx
expect "entries of the table" "$(sed -n '/^__interrupt_vect:/,/area/p' program.asm | grep -c '	int ')" "8"
expect "unused ones" "$(sed -n '/^__interrupt_vect:/,/area/p' program.asm | grep -c '	int 0x000000')" "5"
# The opcode of a vector is 82, that of a jump CC.
expect "the byte at vector 6" "$(python3 - <<'P'
memory = {}
for line in open("program.ihx"):
    record = bytes.fromhex(line.strip()[1:])
    if record[3] == 0:
        memory.update({int.from_bytes(record[1:3], "big") + n: byte for n, byte in enumerate(record[4:-1])})
print(hex(memory[0x8008 + 4 * 5]), hex(memory[0x8008 + 4 * 6]))
P
)" "0x82 0xcc"
