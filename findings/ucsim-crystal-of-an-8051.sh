#!/usr/bin/env bash
# Guess: uCsim's option -X sets the clock of an STM8. Without it, a switch to HSE gives 16 or 24 MHz, as on most boards.
# Seen: uCsim 0.6.4 (Debian's sdcc-ucsim 4.2.0): -X is the crystal, and has no effect until the program switches to HSE (CLK_SWR = 0xB4).
#   Without -X the crystal has 11.0592 MHz, the usual one of an 8051. HSI follows CLK_CKDIVR: 2 MHz after reset, 16 MHz with 0.
#   A switch to LSI (0xD2) has no effect.
# Why it matters: with a crystal of 16 MHz, all times are wrong by 45 percent, until -X says 16000000.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >main.c <<'C'
#define CLK(offset) (*(volatile unsigned char *)(0x50C0 + (offset)))
void done(void) { for (;;); }
void main(void) {
    CLK(6) = DIVIDER;  // CLK_CKDIVR
    if (SOURCE) {
        CLK(5) = 2;  // CLK_SWCR: the switch is on
        CLK(4) = SOURCE;  // CLK_SWR
    }
    for (unsigned delay = 1000; delay; delay--) __asm__("nop");
    done();
}
C
frequency() {
    sdcc -mstm8 -DDIVIDER="$1" -DSOURCE="$2" main.c -o main.ihx 2>messages
    shift 2
    done=$(sed -n 's/^ *0*\([0-9A-F]*\)  *_done .*/0x\1/p' main.map)
    printf 'break %s\nrun\nstate\nquit\n' "$done" | timeout 20 sstm8 -t STM8S105 "$@" main.ihx 2>&1 | sed -n 's/.*frequency= *\([0-9]*\) .*/\1/p'
}
expect "HSI after reset: without -X, with -X 8000000" "$(frequency 0x18 0) $(frequency 0x18 0 -X 8000000)" "2000000 2000000"
expect "HSI with CLK_CKDIVR = 0" "$(frequency 0 0)" 16000000
expect "HSE: without -X, with -X 8000000" "$(frequency 0 0xB4) $(frequency 0 0xB4 -X 8000000)" "11059200 8000000"
expect "LSI" "$(frequency 0 0xD2)" 16000000
