#!/usr/bin/env bash
# Guess: `sdcc -MMD -MP -c part.c` compiles part.c and writes part.d, as gcc does with the flags that most makefiles have. Or SDCC says that it
#   does not know -MP.
# Seen: SDCC 4.2.0 takes -MP, as well as -M, for "preprocess only". It writes part.d, and a part.rel of 0 bytes, if -o names it. Its
#   exit code is 0, and there is no message. With -MMD alone it compiles. The link then has no function of the file.
# Also seen: -MF is not known: its argument is an "error 119", the object is missing, and the exit code is 0.
# Why it matters: the next program that reads the object fails, and the compilation that is to blame was a success.
. "$(dirname "$0")/prepare"
sdcc_4_2
printf 'int part(void) { return 5; }\n' >part.c
compile() {
    rm -f part.rel part.d
    sdcc -mstm8 "$@" -c part.c -o part.rel >log 2>&1
    echo "exit $?, $(wc -c <log) bytes of messages, dependencies: $(ls part.d 2>/dev/null || echo none), object: $(grep -c '^S _part ' part.rel)"
}
expect "-MMD" "$(compile -MMD)" "exit 0, 0 bytes of messages, dependencies: part.d, object: 1"
expect "-MMD -MP" "$(compile -MMD -MP)" "exit 0, 0 bytes of messages, dependencies: part.d, object: 0"
expect "size of the object" "$(wc -c <part.rel)" "0"
rm -f part.rel
sdcc -mstm8 -MMD -MF other.d -c part.c >log 2>&1
expect "-MMD -MF other.d" "exit $?, $(sed 's/^at 1: //; s/:.*//' log), $(ls *.rel 2>/dev/null || echo no object)" "exit 0, error 119, no object"
