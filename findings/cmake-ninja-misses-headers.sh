#!/usr/bin/env bash
# Guess: with CMake, a change in a header compiles the files that include it, with each generator.
# Seen: for SDCC, CMake 3.31.6 tells Ninja nothing about headers: "no work to do" after the change. Its Makefiles compile both
#   files again, as CMake itself looks for `#include` there.
# Why it matters: `cmake -G Ninja` is the usual choice of editors. The chip runs on with the old constants.
. "$(dirname "$0")/prepare"
sdcc_4_2
debian make=4.3-4.1
python_packages cmake==3.31.6 ninja==1.11.1.4
export PATH="$work/venv/bin:$PATH"
mkdir source
printf '#define LIMIT 1\n' >source/limit.h
printf '#include "limit.h"\nint part(void) { return LIMIT; }\n' >source/part.c
printf '#include "limit.h"\nint part(void);\nvolatile int v;\nvoid main(void) { for (;;) v = part() + LIMIT; }\n' >source/main.c
printf 'cmake_minimum_required(VERSION 3.20)\nproject(demo C)\nadd_executable(demo main.c part.c)\n' >source/CMakeLists.txt
for generator in Ninja "Unix Makefiles"; do
    cmake -G "$generator" -S source -B build -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_C_COMPILER=sdcc -DCMAKE_C_FLAGS=-mstm8 >log 2>&1
    compiled() { cmake --build build 2>/dev/null | grep -c 'Building C object' || true; }
    first=$(compiled)
    printf '#define LIMIT 2\n' >source/limit.h
    expect "$generator: files compiled at first, after a change of the header" "$first $(compiled)" \
        "2 $([ "$generator" = Ninja ] && echo 0 || echo 2)"
    rm -r build
done
