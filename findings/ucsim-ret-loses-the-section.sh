#!/usr/bin/env bash
# Guess: RET leaves a function in flash above 0xFFFF in uCsim as in the chip, if the call came from the same 64 KiB.
# Seen: uCsim 0.6.4 of SDCC 4.2.0: CALL keeps the upper byte of the program counter, RET sets it to 0. A call at 0x018100 returns to
#   0x008103. PM0044: CALL and RET only move PCH and PCL, and do not change PCE, the upper byte.
# Why it matters: code with a near call in the upper flash works in the chip and crashes in the simulator.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >code.s <<'S'
	.module code
	.area CODE
	call next
	nop
	nop
next:
	ret
S
sdasstm8 -lo code.rel code.s
sdldstm8 -mi -b CODE=0x18100 code.ihx code.rel >/dev/null
printf 'pc 0x18100\nstep\nstep\npc\nquit\n' | sstm8 -t STM8S208 code.ihx >told 2>&1 || true
expect "the program counter after CALL, after RET" "$(sed -n 's/^Stop at \(0x[0-9a-f]*\):.*/\1/p' told | tr '\n' ' ')" "0x018105 0x008103 "
