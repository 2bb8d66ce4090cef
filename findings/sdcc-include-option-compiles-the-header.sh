#!/usr/bin/env bash
# Guess: `sdcc -include config.h -c part.c` reads config.h before part.c, as gcc does, or says that it does not know -include.
# Seen: SDCC 4.2.0 takes it for its old option -i, takes config.h for the source file, and compiles that into config.rel. It ignores part.c with
#   warning 120, and exits with 0.
# Also seen: -Wp does it, as for the preprocessor `-Wp -include -Wp config.h` are two words.
# Why it matters: a build that forces a header into each file has no object, and a header without functions compiles without a message.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf '#define VALUE 7\nextern int limit;\n' >config.h
printf 'int part(void) { return VALUE; }\n' >part.c
sdcc -mstm8 -include config.h -c part.c >log 2>&1
expect "-include config.h -c part.c" "exit $?, $(grep -o 'warning [0-9]*' log | tr '\n' ' ')$(ls *.rel)" "exit 0, warning 118 warning 120 config.rel"
rm -f ./*.rel
sdcc -mstm8 -Wp -include -Wp config.h -c part.c >log 2>&1
expect "-Wp -include -Wp config.h -c part.c" "exit $?, $(ls *.rel), $(grep -c '#0x0007' part.asm) constant" "exit 0, part.rel, 1 constant"
