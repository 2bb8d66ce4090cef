#!/usr/bin/env bash
# Guess: `#pragma save`, `#pragma disable_warning 85` and `#pragma restore` hide the warning between the two.
# Seen: SDCC 4.2.0 leaves it off to the end of the file. It is the same for warnings 84 and 196. A pragma in a header, which has ended, counts on in
#   the file that includes it. SDCC 4.5.0 does the same.
# Why it matters: a header of a library that hides its own warnings hides those of the program, such as a variable that is not set.
. "$(dirname "$0")/prepare"
sdcc_4_2
cat >off.h <<'C'
#pragma save
#pragma disable_warning 84
#pragma restore
C
printf 'int level(void) { int value; return value; }\n' >plain.c
{ printf '#include "off.h"\n'; cat plain.c; } >after.c
warnings() { sdcc -mstm8 -c "$1" 2>&1 | grep -o 'warning [0-9]*' || echo none; }
expect "a variable that is not set" "$(warnings plain.c)" "warning 84"
expect "the same after a header that hides and restores" "$(warnings after.c)" "none"
